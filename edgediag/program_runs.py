"""What is put before the BPF programs of this host: copies of packets whose flows failed.

The kernel runs a program on a copy and tells its verdict; nothing is sent by that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edgediag.checked import Checked, is_ok
from edgediag.instruments import Bench
from edgediag.meaning import decisive, has_come_back, has_left, wire_flow
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import ProgramVerdict
from edgediag.model.exchange import NextHop, ProgramRun
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState, PacketProgram, Route, RouteAnswer
from edgediag.model.outcome import Outcome
from edgediag.model.packet import Packet, TcpSegment
from edgediag.model.probe import Probe
from edgediag.plan import STREAMS
from edgediag.probes import packet_codec
from edgediag.probes.tcp_syn import build

# Of one run; each takes some 50 us.
MOST_RUNS: Final = 200

NO_PROGRAM: Final = NotChecked(reason="no BPF program stands where it may be lost")
TOO_MANY: Final = NotChecked(reason=f"{MOST_RUNS} other copies were put before programs")
UNKNOWN_ANSWER: Final = NotChecked(reason="no answer over UDP is made up to try programs with")

Verdicts: TypeAlias = Mapping[str, tuple[ProgramVerdict, ...] | NotChecked]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A packet, and the programs that it meets on its way."""

    packet: Packet
    is_answer: bool
    programs: tuple[PacketProgram, ...]


def run_programs(
    bench: Bench,
    checks: Sequence[Checked],
    routes: Mapping[str, RouteAnswer],
    state: HostState,
) -> Verdicts:
    """What the programs on the way of each failed check say of it, by check."""
    found: dict[str, tuple[ProgramVerdict, ...] | NotChecked] = {}
    left = MOST_RUNS
    for check in checks:
        route = routes[check.target.check]
        if is_ok(check) or not isinstance(route, Route) or route.is_local:
            continue
        copy = _copy(check, route, state)
        if isinstance(copy, NotChecked):
            found[check.target.check] = copy
            continue
        left -= len(copy.programs)
        found[check.target.check] = _tried(bench, copy, route) if left >= 0 else TOO_MANY
    return found


def _tried(bench: Bench, copy: _Copy, route: Route) -> tuple[ProgramVerdict, ...] | NotChecked:
    flow = copy.packet.flow
    next_hop = bench.host.next_hop(route, flow.source if copy.is_answer else flow.destination)
    if isinstance(next_hop, NotChecked):
        return next_hop
    hop = _back(next_hop) if copy.is_answer else next_hop
    runs = [ProgramRun(program=item, packet=copy.packet, hop=hop) for item in copy.programs]
    verdicts = [bench.host.run_program(run) for run in runs]
    refused = [verdict for verdict in verdicts if isinstance(verdict, NotChecked)]
    if refused:
        return refused[0]
    return tuple(
        ProgramVerdict(program=run.program, is_dropped=verdict is True)
        for run, verdict in zip(runs, verdicts, strict=True)
    )


def _copy(check: Checked, route: Route, state: HostState) -> _Copy | NotChecked:
    outcome = decisive(check.attempts)
    direction = "ingress" if any(map(has_left, check.attempts)) else "egress"
    programs = tuple(_met(outcome, direction, route, state))
    if not programs:
        return NO_PROGRAM
    if direction == "egress":
        return _Copy(packet=_query(outcome.probe), is_answer=False, programs=programs)
    if outcome.probe.flow.protocol is not Protocol.TCP:
        return UNKNOWN_ANSWER
    # A control group meets the answer behind the translation, a device before it.
    is_behind = has_come_back(outcome)
    flow = outcome.probe.flow if is_behind else wire_flow(outcome)
    return _Copy(packet=_syn_ack(outcome.probe, flow), is_answer=True, programs=programs)


def _met(
    outcome: Outcome, direction: str, route: Route, state: HostState
) -> Iterator[PacketProgram]:
    """The programs in the part of the way where the packet was lost."""
    if direction == "ingress" and not has_come_back(outcome):
        programs = () if isinstance(state.xdp_programs, NotChecked) else state.xdp_programs
        yield from (item for item in programs if item.interface == route.interface)
        return
    filters = () if isinstance(state.tcx_programs, NotChecked) else state.tcx_programs
    here = (route.interface, direction)
    yield from (item for item in filters if (item.interface, item.direction) == here)
    groups = () if isinstance(state.cgroup_programs, NotChecked) else state.cgroup_programs
    yield from (item for item in groups if item.attach == direction)


def _query(probe: Probe) -> Packet:
    is_stream = probe.kind in STREAMS
    payload = build(probe) if is_stream else packet_codec(probe.kind).build(probe)
    return Packet(
        flow=probe.flow, hop_limit=probe.hop_limit, ip_id=probe.ip_id, payload=payload
    )


def _syn_ack(probe: Probe, flow: Flow) -> Packet:
    syn = build(probe)
    answer = TcpSegment(
        flags="SA",
        sequence=probe.token >> 32 & 0xFFFFFFFF,
        acknowledgement=syn.sequence + 1 & 0xFFFFFFFF,
        window=syn.window,
        payload=b"",
    )
    return Packet(flow=flow.reversed(), hop_limit=64, ip_id=probe.ip_id, payload=answer)


def _back(hop: NextHop) -> NextHop:
    return replace(hop, source_mac=hop.destination_mac, destination_mac=hop.source_mac)
