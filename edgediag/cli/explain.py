"""`edgediag explain`: why this host would pass or drop a packet that it sends; none is sent."""

import os
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Final

import click

from edgediag.cli import ExitStatus
from edgediag.cli.rehearse import REHEARSE_HELP, Explained, parsed, print_rehearsal
from edgediag.errors import CannotRunError, UsageError
from edgediag.host.walk.conclusion import Disposition, conclude
from edgediag.host.walk.octets import big_number, known, native_number, unknown
from edgediag.host.walk.parcel import NO_INTERFACE, CtState, Parcel
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import Route
from edgediag.net.fib import route_for
from edgediag.net.rehearsal import rehearse_outbound
from edgediag.net.walk_answers import walk_outbound
from edgediag.report.explanation import render_json, render_text

_STATUS: Final = {
    Disposition.PASSES: ExitStatus.PASSED,
    Disposition.DROPPED: ExitStatus.FAULT_FOUND,
    Disposition.REJECTED: ExitStatus.FAULT_FOUND,
    Disposition.UNDETERMINED: ExitStatus.UNDETERMINED,
}
_STATES: Final = {"new": CtState.NEW, "established": CtState.ESTABLISHED}
_PORT: Final = click.IntRange(0, 0xFFFF)
_NUMBER: Final = click.IntRange(0, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a packet carries beside its headers; gid None where it is not known."""

    mark: int
    uid: int
    gid: int | None
    state: CtState


@click.command("explain")
@click.option("--to", required=True, metavar="ADDRESS", help="Where the packet goes.")
@click.option("--from", "from_", metavar="ADDRESS", help="Its source; else the kernel's choice.")
@click.option("--proto", type=click.Choice(("tcp", "udp", "icmp")), required=True)
@click.option("--dport", type=_PORT, default=0, help="The destination port.")
@click.option("--sport", type=_PORT, default=0, help="The source port; 0 for not known.")
@click.option("--mark", default="0", metavar="NUMBER", help="The mark that the socket sets.")
@click.option("--uid", type=_NUMBER, help="The user that sends; else this one.")
@click.option("--ct-state", type=click.Choice(tuple(_STATES)), default="new", show_default=True)
@click.option("--rehearse", "fixes", multiple=True, metavar="COMMAND", help=REHEARSE_HELP)
@click.option("--json", "is_json", is_flag=True, help="The answer as JSON.")
@click.pass_context
def command(context: click.Context, /, **_given: object) -> ExitStatus:
    """Explain why a packet that this node sends would pass or be dropped; none is sent."""
    options = context.params
    sender = Sender(
        mark=_mark(options["mark"]),
        uid=os.getuid() if options["uid"] is None else options["uid"],
        gid=os.getgid() if options["uid"] is None else None,
        state=_STATES[options["ct_state"]],
    )
    flow = Flow(
        protocol=Protocol(options["proto"]),
        source=_address(options["from_"] or "0.0.0.0"),
        source_port=options["sport"],
        destination=_address(options["to"]),
        destination_port=options["dport"],
    )
    fixes = parsed(options["fixes"])
    flow = _with_source(flow, sender)
    parcel = parcel_of(flow, sender)
    try:
        courses, unread = walk_outbound(parcel)
    except OSError as exc:
        raise CannotRunError(f"cannot read the packet filters: {exc.strerror}") from exc
    conclusion = conclude(courses, unread)
    if fixes:
        explained = Explained(flow=flow, conclusion=conclusion, is_json=options["is_json"])
        return print_rehearsal(explained, rehearse_outbound(parcel, fixes))
    render = render_json if options["is_json"] else render_text
    click.echo(render(flow, conclusion), nl=False)
    return _STATUS[conclusion.disposition]


def parcel_of(flow: Flow, sender: Sender) -> Parcel:
    """The packet as it leaves the socket; a port 0 stands for one that is not known."""
    source, destination = (
        big_number(port) if port else unknown(2, word)
        for port, word in ((flow.source_port, "--sport"), (flow.destination_port, "--dport"))
    )
    is_new = sender.state is CtState.NEW
    return Parcel(
        protocol=flow.protocol,
        source=known(flow.source.packed),
        destination=known(flow.destination.packed),
        source_port=source,
        destination_port=destination,
        incoming=NO_INTERFACE,
        outgoing=NO_INTERFACE,
        mark=native_number(sender.mark),
        ct_mark=native_number(0) if is_new else unknown(4, "ct mark"),
        state=sender.state,
        is_tracked=False,
        original=flow,
        uid=sender.uid,
        gid=sender.gid,
        has_dnat=False,
        has_snat=False,
        blurred=frozenset(),
    )


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


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError as exc:
        raise UsageError(f"{text} is no IPv4 address, and no other is explained") from exc
