"""What is put before the BPF programs of this host: copies of packets whose flows failed.

The kernel runs a program on a copy and tells its verdict; the copy itself goes nowhere. What the
program does besides is done all the same: it counts and remembers, and one of traffic control that
calls bpf_clone_redirect sends its clone (measured with Linux 6.18: a packet left for each run).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edgediag.checked import Checked, is_ok
from edgediag.host.program_word import number_of
from edgediag.instruments import Bench
from edgediag.meaning import decisive, has_come_back, has_left, wire_flow
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import ProgramVerdict
from edgediag.model.exchange import NextHop, ProgramRun
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState
from edgediag.model.outcome import Outcome
from edgediag.model.packet import Packet, TcpSegment
from edgediag.model.probe import Probe
from edgediag.model.program import PacketProgram, ProgramWord
from edgediag.model.route import Route, RouteAnswer
from edgediag.plan import STREAMS
from edgediag.probes import packet_codec
from edgediag.probes.tcp_syn import build

# Of one diagnosis, with the controls. A run takes some 50 us; to ask for the next hop of a copy,
# which is done once for each, takes 2.4 ms (measured).
MOST_RUNS: Final = 200

# What this process sends; an answer comes without one.
_UNMARKED: Final = 0

NO_PROGRAM: Final = NotChecked(reason="no BPF program stands where it may be lost")
TOO_MANY: Final = NotChecked(reason=f"{MOST_RUNS} other copies were put before programs")
NOTHING_SERVED: Final = NotChecked(reason="a program drops it, and nothing is known to have passed")
UNFAITHFUL: Final = NotChecked(reason="a program drops copies of what it is known to let pass")
UNKNOWN_ANSWER: Final = NotChecked(
    reason="only answers over TCP are made up to try programs with"
)

Verdicts: TypeAlias = Mapping[str, tuple[ProgramVerdict, ...] | NotChecked]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passage:
    """A packet, and the way on which it left or came."""

    packet: Packet
    is_answer: bool
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A packet as its frame crosses the link at `hop`."""

    packet: Packet
    hop: NextHop


def run_programs(
    bench: Bench,
    checks: Sequence[Checked],
    routes: Mapping[str, RouteAnswer],
    state: HostState,
) -> Verdicts:
    """What the programs on the way of each failed check say of it, by check."""
    found: dict[str, tuple[ProgramVerdict, ...] | NotChecked] = {}
    served = [(check, routes[check.target.check]) for check in checks if is_ok(check)]
    runs = _Runs(bench)
    for check in checks:
        name, route = check.target.check, routes[check.target.check]
        if is_ok(check) or not isinstance(route, Route) or route.is_local:
            continue
        lost = _lost(check, route)
        programs = tuple(_met(check, lost, state))
        if not programs:
            found[name] = NO_PROGRAM
        elif lost.is_answer and lost.packet.flow.protocol is not Protocol.TCP:
            found[name] = UNKNOWN_ANSWER
        else:
            found[name] = runs.verdicts(programs, lost, _passing(lost, served))
    return found


class _Runs:
    """The runs of a diagnosis, so many and no more."""

    def __init__(self, bench: Bench) -> None:
        self._host = bench.host
        self._left = MOST_RUNS

    def verdicts(
        self, programs: Sequence[PacketProgram], lost: _Passage, passing: _Passage | None
    ) -> tuple[ProgramVerdict, ...] | NotChecked:
        """What each says, none of them believed where one drops what is known to have passed it.

        A program may ask by which device a packet came, and a copy comes by none.
        """
        if len(programs) > self._left:
            return TOO_MANY
        copy = self._copied(lost)
        said = {program: self._run(program, copy) for program in programs}
        droppers = [program for program, verdict in said.items() if verdict is True]
        for verdict in (*said.values(), *self._controlled(droppers, passing)):
            if isinstance(verdict, NotChecked):
                return verdict
        return tuple(
            ProgramVerdict(program=program, is_dropped=program in droppers) for program in said
        )

    def _controlled(
        self, droppers: Sequence[PacketProgram], passing: _Passage | None
    ) -> Iterator[bool | NotChecked]:
        """For each of them false where it lets pass what is known to have passed, else a doubt."""
        if passing is None and droppers:
            yield NOTHING_SERVED
        elif passing is not None and droppers:
            control = self._copied(passing)
            for program in droppers:
                verdict = self._run(program, control)
                yield UNFAITHFUL if verdict is True else verdict

    def _run(self, program: PacketProgram, copy: _Copy | NotChecked) -> bool | NotChecked:
        if isinstance(copy, NotChecked):
            return copy
        if not self._left:
            return TOO_MANY
        self._left -= 1
        word = self._host.run_program(
            ProgramRun(
                program=program,
                number=number_of(program),
                packet=copy.packet,
                mark=_UNMARKED,
                hop=copy.hop,
            )
        )
        return word if isinstance(word, NotChecked) else word is ProgramWord.DROPS

    def _copied(self, passage: _Passage) -> _Copy | NotChecked:
        flow = passage.packet.flow
        outside = flow.source if passage.is_answer else flow.destination
        hop = self._host.next_hop(passage.route, outside)
        if isinstance(hop, NotChecked):
            return hop
        return _Copy(packet=passage.packet, hop=_back(hop) if passage.is_answer else hop)


def _passing(
    lost: _Passage, served: Sequence[tuple[Checked, RouteAnswer]]
) -> _Passage | None:
    """A packet of the same protocol that did pass the same device that way, None without any."""
    for check, route in served:
        outcome = decisive(check.attempts)
        if not isinstance(route, Route) or route.interface != lost.route.interface:
            continue
        # What lets TCP pass may have been told to drop UDP, or to know nothing else.
        if outcome.probe.flow.protocol is lost.packet.flow.protocol:
            flow = wire_flow(outcome)
            return _answered(outcome, flow, route) if lost.is_answer else _asked(outcome, route)
    return None


def _lost(check: Checked, route: Route) -> _Passage:
    outcome = decisive(check.attempts)
    if not any(map(has_left, check.attempts)):
        return _asked(outcome, route)
    # A control group meets the answer behind the translation, a device before it.
    flow = outcome.probe.flow if has_come_back(outcome) else wire_flow(outcome)
    return _answered(outcome, flow, route)


def _asked(outcome: Outcome, route: Route) -> _Passage:
    return _Passage(packet=_query(outcome.probe), is_answer=False, route=route)


def _answered(outcome: Outcome, flow: Flow, route: Route) -> _Passage:
    return _Passage(packet=_syn_ack(outcome.probe, flow), is_answer=True, route=route)


def _met(check: Checked, lost: _Passage, state: HostState) -> Iterator[PacketProgram]:
    """The programs in the part of the way where the packet was lost."""
    device = lost.route.interface
    if lost.is_answer and not has_come_back(decisive(check.attempts)):
        programs = () if isinstance(state.xdp_programs, NotChecked) else state.xdp_programs
        yield from (item for item in programs if item.interface == device)
        return
    direction = "ingress" if lost.is_answer else "egress"
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
