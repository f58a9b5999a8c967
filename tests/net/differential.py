"""What the tests share that compare the walk with the kernel's own word on the same packet.

A verdict that the walk does not give is counted, and it may not be wrong in any that it gives.
"""

import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.netfilter.chains import ChainName
from edgediag.host.walk.conclusion import Conclusion, conclude
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_in, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.drops import TraceDropped, TracePassed, TraceResult
from edgediag.model.exchange import NextHop
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet, Payload, TcpSegment, UdpDatagram
from edgediag.net.nftrace import Tracer, open_tracer
from edgediag.net.walk_answers import Walk, walk_inbound, walk_outbound
from edgediag.net.ways import interface
from net.rule_sets import RuleSet

if TYPE_CHECKING:
    from tests.net.conftest import Node

NODE = IPv4Address("192.0.2.1")
FAR = ("198.51.100.2", "192.0.2.2", "203.0.113.9")
WIRE = ("192.0.2.2", "198.51.100.2", "198.51.100.99")
SYN = TcpSegment(sequence=1, acknowledgement=0, flags="S", window=1000, payload=b"")
TO_NODE = NextHop(
    interface="up0", source_mac="02:00:00:00:00:02", destination_mac="02:00:00:00:00:01"
)
# Of four sets of nf_tables three are refused.
MOST_ATTEMPTS = 30
# How long the kernel may take to tell all of a packet, and how long it is listened to at once.
DEADLINE_S = 1.0
LISTEN_S = 0.004


def load(make: Callable[[], Sequence[RuleSet]]) -> tuple[RuleSet, ...]:
    """Put fresh rule sets into this namespace; those that contradict themselves do not load."""
    said = ""
    for _ in range(MOST_ATTEMPTS):
        subprocess.run(["nft", "flush", "ruleset"], check=True)
        made = tuple(make())
        said = next(filter(None, map(refusal, made)), "")
        if not said:
            return made
    pytest.fail(f"none of {MOST_ATTEMPTS} rule sets could be loaded; of the last was said: {said}")


def refusal(rule_set: RuleSet) -> str:
    """What its tool says against a rule set, or "" where it is loaded from now on."""
    done = subprocess.run(rule_set.tool, input=rule_set.text, text=True, stderr=subprocess.PIPE)
    return f"{rule_set.tool[0]}: {done.stderr}" if done.returncode != 0 else ""


def send(flow: Flow) -> None:
    """One packet of the flow through a kernel socket."""
    kind = socket.SOCK_STREAM if flow.protocol is Protocol.TCP else socket.SOCK_DGRAM
    family = socket.AF_INET if flow.source.version == 4 else socket.AF_INET6
    with socket.socket(family, kind) as sender, suppress(OSError):
        sender.bind((str(flow.source), flow.source_port))
        sender.setblocking(False)
        sender.connect((str(flow.destination), flow.destination_port))
        if kind is socket.SOCK_DGRAM:
            sender.send(b"x")


def explained(flow: Flow) -> Conclusion:
    sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
    return walked(walk_outbound, parcel_of(flow, sender))


def explained_in(flow: Flow, device: str) -> Conclusion:
    return walked(walk_inbound, parcel_in(flow, interface(device), CtState.NEW))


class WholeChains(Journal):
    """A journal for which every rule is visited."""

    def is_watched(self, chain: ChainName) -> bool:
        return True


def walked(walk: Walk, parcel: Parcel) -> Conclusion:
    """What a walk says, which is the same where no rule is passed by undecoded."""
    said, whole = (conclude(*walk(parcel, journal)) for journal in (Journal(), WholeChains()))
    assert courses(said) == courses(whole), f"{said}\n{whole}"
    return said


def courses(said: Conclusion) -> list[tuple[object, ...]]:
    """The courses of a walk without what rules have counted, which others make them count."""
    return [
        (
            *(course.parcel, course.doubts, course.fate),
            *((step.hook, step.chain, step.number, step.action) for step in course.steps),
        )
        for course in said.courses
    ]


def traced(
    said: Conclusion, flow: Flow, put: Callable[[], None], devices: Sequence[str] = ()
) -> TraceResult:
    """What the kernel tells of a packet, to the end that the walk expects if it comes to that."""
    # At a device the tracer looks for answers.
    tracer = open_tracer([flow.reversed() if devices else flow], devices)
    assert not isinstance(tracer, NotChecked)
    with tracer:
        put()
        deadline_s = time.monotonic() + DEADLINE_S
        tracer.read(LISTEN_S)
        while not is_told(said, tracer, flow) and time.monotonic() < deadline_s:
            tracer.read(LISTEN_S)
        result = tracer.conclude(flow)
        is_open = isinstance(result, TracePassed) and not (result.is_sent or is_ruled_out(said))
        if is_open and is_here(said) and not is_told(said, tracer, flow):
            return NotChecked(reason="the end of the packet was not told")
        return result


def is_told(said: Conclusion, tracer: Tracer, flow: Flow) -> bool:
    """Whether more of the trace would change nothing: on a busy machine it comes late."""
    if said.disposition is Disposition.UNDETERMINED:
        return True
    match tracer.conclude(flow):
        case TraceDropped(is_reply=is_reply):
            # A reject's own answer is told of before the reject.
            return not is_reply or said.disposition is not Disposition.REJECTED
        case TracePassed(is_sent=is_sent):
            if is_here(said):
                came = tracer.conclude(flow.reversed())
                return isinstance(came, TracePassed) and came.is_delivered
            return is_sent
        case NotChecked():
            return False


def is_ruled_out(said: Conclusion) -> bool:
    """Whether a rule or policy ends the packet, and not a route or a socket."""
    return any(step.chain is not None for step in said.deciders)


def is_here(said: Conclusion) -> bool:
    """Whether the walk has the packet delivered to this host, by all that it may meet there."""
    return any(course.parcel.is_for_here for course in said.courses)


def named(said: Conclusion) -> set[tuple[str, str, int]]:
    """Table, chain and handle of what the walk says decides; the handle of a policy is 0."""
    return {
        (step.chain.table, step.chain.chain, step.rule.handle if step.rule else 0)
        for step in said.deciders
        if step.chain is not None
    }


def handle(result: TraceDropped, said: Conclusion) -> tuple[str, str, int]:
    match result.culprit:
        case NftRule() as rule:
            return rule.table, rule.chain, rule.handle
        case ChainPolicy() as policy:
            return policy.table, policy.chain, 0
        case IptablesRule() as rule:
            handles = {
                (step.rule.table, step.rule.chain, step.number): step.rule.handle
                for step in said.deciders
                if step.rule
            }
            handle_ = handles.get((rule.table, rule.chain, rule.number), -1)
            return rule.table, rule.chain, handle_
        case culprit:
            raise AssertionError(culprit)


def compare(said: Conclusion, result: TraceResult) -> str:
    """"agree", what it hangs on, or how the two differ."""
    if said.disposition is Disposition.UNDETERMINED:
        return f"unknown: {said.hangs_on[0]}"
    if isinstance(result, NotChecked):
        return f"no trace: {said.disposition.value}"
    # Routing and sockets refuse where no rule does.
    elsewhere = [step.hook for step in said.deciders if step.chain is None]
    if isinstance(result, TraceDropped) and result.is_reply:
        if said.disposition is Disposition.REJECTED and not elsewhere:
            # What the rule itself answered was dropped.
            return "no word: the answer was dropped"
        is_passed = elsewhere or said.disposition is Disposition.PASSES
        return "agree: answered" if is_passed else f"DIFFERS {named(said)} {result}"
    if isinstance(result, TraceDropped):
        is_rejected = said.disposition is Disposition.REJECTED
        is_named = handle(result, said) in named(said) and result.is_reject == is_rejected
        return "agree: drops" if is_named else f"DIFFERS {said.disposition} {named(said)} {result}"
    if said.disposition is not Disposition.PASSES and not elsewhere:
        return f"DIFFERS {said.disposition} {named(said)} {result}"
    if elsewhere:
        return f"agree: {elsewhere[0]}"
    is_ended = is_here(said) or result.is_sent
    return "agree: passes" if is_ended else "no end: the packet was not seen to leave"


def went_on(said: Conclusion, result: TraceResult) -> str:
    """How the two differ in whether a packet that came in was sent on, "" where they do not."""
    if not isinstance(result, TracePassed) or said.disposition is Disposition.UNDETERMINED:
        return ""
    expected = {
        course.fate is Fate.ACCEPTED and not course.parcel.is_for_here for course in said.courses
    }
    return "" if result.is_sent in expected else f"DIFFERS sent on: {expected} {result}"


def is_translated_on_lo(said: Conclusion) -> bool:
    return any(
        course.parcel.has_dnat and course.parcel.incoming.name == "lo" for course in said.courses
    )


class Tally:
    """What came out, and every set in which the two differ."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()
        self._differing: list[str] = []

    def add(self, answer: str, flow: Flow, origin: str) -> None:
        """Count one packet's answer.

        origin  where its rules come from, and their text
        """
        self._counted[answer.partition(" {")[0][:60]] += 1
        if answer.startswith("DIFFERS"):
            self._differing.append(f"{flow}: {answer}\n{origin}")

    def conclude(self, most_open: float, *required: str) -> None:
        """Nothing differs, little is open, and each of the required answers came.

        most_open  the share of packets of which the walk, or the kernel, may have said nothing
        """
        counted = self._counted
        print(dict(counted.most_common()))
        assert not self._differing, "\n".join(self._differing)
        unanswered = {word: n for word, n in counted.items() if not word.startswith("agree")}
        assert sum(unanswered.values()) <= counted.total() * most_open, unanswered
        assert [word for word in required if not counted[word]] == []


def packet(flow: Flow) -> Packet:
    match flow.protocol:
        case Protocol.UDP:
            payload: Payload = UdpDatagram(payload=b"x")
        case Protocol.TCP:
            payload = SYN
        case Protocol.ICMP:
            payload = IcmpEcho(
                identifier=flow.source_port, sequence=1, is_reply=False, payload=b"x"
            )
    return Packet(flow=flow, hop_limit=64, ip_id=1, payload=payload)


def forwarding(node: "Node") -> None:
    """A second device behind which nobody answers, and a node that forwards."""
    node.run(
        "ip link add out0 address 02:00:00:00:00:05 type veth peer name out1",
        "ip link set out0 addrgenmode none",
        "ip link set out1 addrgenmode none",
        "ip address add 203.0.113.1/24 dev out0",
        "ip link set out0 up",
        "ip link set out1 up",
        "ip address add 2001:db8:113::1/64 dev out0 nodad",
        # Rules that end neighbour discovery would end the packet behind what is traced of it.
        *(
            f"ip neighbour replace 2001:db8:113::{last} lladdr 02:00:00:00:00:06 dev out0"
            for last in (9, 20, 21, 99, 100)
        ),
        "sysctl -q net.ipv4.ip_forward=1",
        "sysctl -q net.ipv6.conf.all.forwarding=1",
        "sysctl -q net.ipv4.conf.all.send_redirects=0",
        "sysctl -q net.ipv4.conf.up0.send_redirects=0",
    )
