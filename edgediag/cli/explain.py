"""`edgediag explain`: why this host would pass or drop a packet; none is sent."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import click

from edgediag.cli import ExitStatus
from edgediag.errors import UsageError
from edgediag.host.walk.attached import Meeting, with_attached
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import CtState, Parcel, Sender, frame_of, parcel_in, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Disposition
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.packet import LOOPBACK
from edgediag.model.program import ProgramWord
from edgediag.model.route import Route
from edgediag.net.fib import route_for
from edgediag.net.walk_answers import walk_inbound, walk_outbound, walk_reply
from edgediag.net.ways import interface
from edgediag.report.explanation import render_json, render_text

if TYPE_CHECKING:
    from edgediag.cli.watched_rule import Question
    from edgediag.host.fix_words import Fix

_REHEARSE_HELP: Final = "Try a fix, such as 'nft delete rule …', on a copy; may be repeated."
_STATUS: Final = {
    Disposition.PASSES: ExitStatus.PASSED,
    Disposition.DROPPED: ExitStatus.FAULT_FOUND,
    Disposition.REJECTED: ExitStatus.FAULT_FOUND,
    Disposition.UNDETERMINED: ExitStatus.UNDETERMINED,
}
_STATES: Final = {state.name.lower(): state for state in CtState}
_MAC_OCTETS: Final = 6
_PORT: Final = click.IntRange(0, 0xFFFF)
_NUMBER: Final = click.IntRange(0, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The packet, and how it is walked."""

    flow: Flow
    parcel: Parcel
    walk: Callable[[Parcel, Journal], tuple[list[Course], tuple[str, ...]]]


@click.command("explain")
@click.option("--to", required=True, metavar="ADDRESS", help="Where the packet goes.")
@click.option("--from", "from_", metavar="ADDRESS", help="Its source; else the kernel's choice.")
@click.option("--proto", type=click.Choice(("tcp", "udp", "icmp")), required=True)
@click.option("--dport", type=_PORT, default=0, help="The destination port.")
@click.option("--sport", type=_PORT, default=0, help="The source port; 0 for not known.")
@click.option("--in", "in_", metavar="DEVICE", help="It comes in by this device.")
@click.option("--out", metavar="DEVICE", help="It is forwarded to this device.")
@click.option("--frame-to", metavar="MAC", help="With --in a bridge's port: whom its frame is for.")
@click.option("--reply", "is_reply", is_flag=True, help="Its answer as well, on the way back.")
@click.option("--mark", metavar="NUMBER", help="The mark that the socket sets, else 0.")
@click.option("--uid", type=_NUMBER, help="The user that sends; else this one.")
@click.option("--ct-state", type=click.Choice(tuple(_STATES)), help="As conntrack says; else new.")
@click.option("--why-not", metavar="RULE", help="Also: why this rule does not match.")
@click.option("--rehearse", "fixes", multiple=True, metavar="COMMAND", help=_REHEARSE_HELP)
@click.option("--no-programs", is_flag=True, help="Run no BPF program on a copy of the packet.")
@click.option("--json", "is_json", is_flag=True, help="The answer as JSON.")
@click.pass_context
def command(context: click.Context, /, **_given: object) -> ExitStatus:
    """Explain why a packet that this node sends or gets would pass or be dropped; none is sent."""
    options = context.params
    _check(options)
    fixes = _fixes(options["fixes"])
    flow = _flow(options)
    asked = _received(options, flow) if options["in_"] else _sent(options, flow)
    asking = _question(options["why_not"], flow)
    journal = Journal(asking.watched if asking else None)
    try:
        courses, unread = asked.walk(asked.parcel, journal)
    except OSError as exc:
        # A kernel without nf_tables or nfnetlink, or a container that may not ask: not known.
        courses, unread = [], (f"packet filters: {exc.strerror}",)
    for warning in _contradictions(options, courses):
        click.echo(warning, err=True)
    conclusion = conclude(_with_programs(courses, asked.parcel, options), unread)
    text, document = "", dict[str, object]()
    if asking:
        text = asking.text(journal, courses)
        document = {"why_not": asking.document(journal, courses)}
    status = _STATUS[conclusion.disposition]
    if fixes:
        from edgediag.cli.rehearse import rehearsal

        tried = rehearsal(asked.parcel, asked.walk, fixes)
        text, status = text + tried.text, tried.status
        document["rehearsal"] = tried.document
    if options["is_json"]:
        click.echo(render_json(asked.flow, conclusion, document), nl=False)
    else:
        click.echo(render_text(asked.flow, conclusion) + text, nl=False)
    return status


def _with_programs(
    courses: Sequence[Course], began: Parcel, options: Mapping[str, Any]
) -> list[Course]:
    """The courses with each BPF program and filter of traffic control on the way."""
    # What reads them takes as long to import as a walk takes.
    from edgediag.net.attached import read_attached

    devices = {
        name
        for course in courses
        for device in (course.parcel.incoming, course.parcel.outgoing)
        for name in (device.name, options["in_"])
        if name
    }
    attached = read_attached(devices, is_sent=not options["in_"] and options["uid"] is None)
    for reason in attached.unread:
        click.echo(f"warning: {reason}", err=True)
    ask = _unasked if options["no_programs"] else _asked_of_kernel
    return [with_attached(each, attached, began, ask) for each in courses]


def _unasked(_meeting: Meeting) -> NotChecked:
    return NotChecked(reason="--no-programs")


def _asked_of_kernel(meeting: Meeting) -> ProgramWord | NotChecked:
    # Here, for it brings in the layers of packets, and few ways have programs.
    from edgediag.net.showing import shown

    return shown(meeting)


# What a plain question does without is not imported for it: that takes as long as its walk.


def _fixes(texts: Sequence[str]) -> "tuple[Fix, ...]":
    if not texts:
        return ()
    from edgediag.cli.rehearse import parsed

    return parsed(texts)


def _question(text: str | None, flow: Flow) -> "Question | None":
    if not text:
        return None
    from edgediag.cli.watched_rule import question

    return question(text, flow.destination.version)


def _check(options: Mapping[str, Any]) -> None:
    """Refuse what contradicts itself."""
    if options["in_"]:
        for option, name in (("--mark", "mark"), ("--uid", "uid"), ("--reply", "is_reply")):
            if options[name] is not None and options[name] is not False:
                raise UsageError(f"{option} is of a packet that this host sends, and --in is not")
        if not options["from_"]:
            raise UsageError("--in needs --from: nothing chooses the source of what comes in")
    elif options["frame_to"]:
        raise UsageError("--frame-to needs --in: a packet of this host goes to its next hop")
    elif options["out"]:
        raise UsageError("--out needs --in: a packet of this host leaves where routing says")
    if options["is_reply"] and options["ct_state"]:
        raise UsageError("--reply says that the connection is established: leave --ct-state out")


def _flow(options: Mapping[str, Any]) -> Flow:
    destination = _address(options["to"])
    source = _address(options["from_"] or str(type(destination)(0)))
    if source.version != destination.version:
        raise UsageError(f"{source} and {destination} are of two versions of IP")
    return Flow(
        protocol=Protocol(options["proto"]),
        source=source,
        source_port=options["sport"],
        destination=destination,
        destination_port=options["dport"],
    )


def _received(options: Mapping[str, Any], flow: Flow) -> _Asked:
    frame_to = _mac(options["frame_to"]) if options["frame_to"] else None
    device = interface(options["in_"])
    if not device.index:
        raise UsageError(f"--in {device.name}: no such device")
    if device.name == LOOPBACK:
        raise UsageError("--in lo: what comes in by lo is sent by this host: leave --in out")
    state = _STATES[options["ct_state"] or "new"]
    parcel = parcel_in(flow, device, state)
    if frame_to is not None:
        parcel = replace(parcel, frame=frame_of(parcel, frame_to, None))
    return _Asked(flow=flow, parcel=parcel, walk=walk_inbound)


def _sent(options: Mapping[str, Any], flow: Flow) -> _Asked:
    sender = Sender(
        mark=_mark(options["mark"] or "0"),
        uid=os.getuid() if options["uid"] is None else options["uid"],
        gid=os.getgid() if options["uid"] is None else None,
        state=_STATES[options["ct_state"] or "new"],
    )
    flow = _with_source(flow, sender)
    walk = walk_reply if options["is_reply"] else walk_outbound
    return _Asked(flow=flow, parcel=parcel_of(flow, sender), walk=walk)


def _contradictions(options: Mapping[str, Any], courses: Sequence[Course]) -> Iterator[str]:
    """Where routing decides otherwise than --out says."""
    if not options["out"]:
        return
    for each in dict.fromkeys(course.parcel for course in courses):
        if each.is_for_here:
            yield f"warning: not forwarded to {options['out']}: the packet is for this host"
        elif each.outgoing.name not in ("", options["out"]):
            yield f"warning: routing sends the packet to {each.outgoing.name}, not {options['out']}"


def _with_source(flow: Flow, sender: Sender) -> Flow:
    if not flow.source.is_unspecified:
        return flow
    way = route_for(flow, mark=sender.mark, uid=sender.uid)
    if not isinstance(way, Route) or way.source is None:
        # The walk itself says who refuses the packet.
        return flow
    return Flow(
        protocol=flow.protocol,
        source=way.source,
        source_port=flow.source_port,
        destination=flow.destination,
        destination_port=flow.destination_port,
    )


def _mark(text: str) -> int:
    try:
        mark = int(text, 0)
    except ValueError as exc:
        raise UsageError(f"--mark {text} is no number") from exc
    if not 0 <= mark <= 0xFFFFFFFF:
        raise UsageError(f"--mark {text} does not fit 32 bits")
    return mark


def _mac(text: str) -> bytes:
    try:
        mac = bytes.fromhex(text.replace(":", ""))
    except ValueError as exc:
        raise UsageError(f"--frame-to {text} is no MAC") from exc
    if len(mac) != _MAC_OCTETS:
        raise UsageError(f"--frame-to {text} is no MAC")
    return mac


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError as exc:
        raise UsageError(f"{text} is no IP address") from exc
