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
from edgediag.model.packet import Packet, TcpSegment
from edgediag.model.probe import Probe
from edgediag.plan import STREAMS
from edgediag.probes import packet_codec
from edgediag.probes.tcp_syn import build

# Of one run; each takes some 50 us.
MOST_RUNS: Final = 200

NO_PROGRAM: Final = NotChecked(reason="no BPF program stands where it may be lost")
TOO_MANY: Final = NotChecked(reason=f"{MOST_RUNS} other copies were put before programs")
NOTHING_SERVED: Final = NotChecked(reason="a program drops it, and nothing is known to have passed")
UNFAITHFUL: Final = NotChecked(reason="a program drops copies of what it is known to let pass")
UNKNOWN_ANSWER: Final = NotChecked(reason="no answer over UDP is made up to try programs with")

Verdicts: TypeAlias = Mapping[str, tuple[ProgramVerdict, ...] | NotChecked]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A packet, and the way on which it left or came."""

    packet: Packet
    is_answer: bool
    route: Route


def run_programs(
    bench: Bench,
    checks: Sequence[Checked],
    routes: Mapping[str, RouteAnswer],
    state: HostState,
) -> Verdicts:
    """What the programs on the way of each failed check say of it, by check."""
    found: dict[str, tuple[ProgramVerdict, ...] | NotChecked] = {}
    served = [(check, routes[check.target.check]) for check in checks if is_ok(check)]
    left = MOST_RUNS
    for check in checks:
        name, route = check.target.check, routes[check.target.check]
        if is_ok(check) or not isinstance(route, Route) or route.is_local:
            continue
        copy = _copy(check, route)
        programs = tuple(_met(check, copy, state))
        left -= len(programs)
        if not programs:
            found[name] = NO_PROGRAM
        elif left < 0:
            found[name] = TOO_MANY
        elif copy.is_answer and copy.packet.flow.protocol is not Protocol.TCP:
            found[name] = UNKNOWN_ANSWER
        else:
            found[name] = _asked(bench, copy, programs, _passing(copy, served))
    return found


def _asked(
    bench: Bench, copy: _Copy, programs: tuple[PacketProgram, ...], passing: _Copy | None
) -> tuple[ProgramVerdict, ...] | NotChecked:
    """The verdicts, none of them believed where a program drops what is known to have passed it.

    A program may ask by which device a packet came, and a copy comes by none.
    """
    found: list[ProgramVerdict] = []
    for program in programs:
        verdict = _run(bench, program, copy)
        if verdict is True:
            control = NOTHING_SERVED if passing is None else _run(bench, program, passing)
            verdict = UNFAITHFUL if control is True else control or verdict
        if isinstance(verdict, NotChecked):
            return verdict
        found.append(ProgramVerdict(program=program, is_dropped=verdict))
    return tuple(found)


def _run(bench: Bench, program: PacketProgram, copy: _Copy) -> bool | NotChecked:
    flow = copy.packet.flow
    outside = flow.source if copy.is_answer else flow.destination
    next_hop = bench.host.next_hop(copy.route, outside)
    if isinstance(next_hop, NotChecked):
        return next_hop
    hop = _back(next_hop) if copy.is_answer else next_hop
    return bench.host.run_program(ProgramRun(program=program, packet=copy.packet, hop=hop))


def _passing(copy: _Copy, served: Sequence[tuple[Checked, RouteAnswer]]) -> _Copy | None:
    """A packet of the same kind that did pass the same device, None without any."""
    for check, route in served:
        probe = decisive(check.attempts).probe
        if not isinstance(route, Route) or route.interface != copy.route.interface:
            continue
        if not copy.is_answer:
            return _Copy(packet=_query(probe), is_answer=False, route=route)
        if probe.flow.protocol is Protocol.TCP:
            flow = wire_flow(decisive(check.attempts))
            return _Copy(packet=_syn_ack(probe, flow), is_answer=True, route=route)
    return None


def _copy(check: Checked, route: Route) -> _Copy:
    outcome = decisive(check.attempts)
    if not any(map(has_left, check.attempts)):
        return _Copy(packet=_query(outcome.probe), is_answer=False, route=route)
    # A control group meets the answer behind the translation, a device before it.
    flow = outcome.probe.flow if has_come_back(outcome) else wire_flow(outcome)
    return _Copy(packet=_syn_ack(outcome.probe, flow), is_answer=True, route=route)


def _met(check: Checked, copy: _Copy, state: HostState) -> Iterator[PacketProgram]:
    """The programs in the part of the way where the packet was lost."""
    device = copy.route.interface
    if copy.is_answer and not has_come_back(decisive(check.attempts)):
        programs = () if isinstance(state.xdp_programs, NotChecked) else state.xdp_programs
        yield from (item for item in programs if item.interface == device)
        return
    direction = "ingress" if copy.is_answer else "egress"
    filters = () if isinstance(state.tcx_programs, NotChecked) else state.tcx_programs
    here = (device, direction)
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
