"""Stand-ins for the instruments of a run: a host with one uplink, and a wire that a story answers.

Time passes on the wire alone, and only while somebody waits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from edgediag.instruments import Bench, Solicitation, Tracer, Visits
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Anchors, Presented, PullQuestion, Server
from edgediag.model.cluster import (
    NO_LOOKUP,
    NO_SEARCH,
    NameLookup,
    ResolverLine,
    SearchList,
)
from edgediag.model.drops import DropCount, KernelDrops, TraceResult
from edgediag.model.endpoint import Matrix, Target
from edgediag.model.exchange import (
    Action,
    CloseStream,
    Door,
    Event,
    FixTrial,
    NextHop,
    Observed,
    ProgramRun,
)
from edgediag.model.explained import Arrival, Explained, RuleObject
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, Neighbour
from edgediag.model.hub import HubDoor, HubWord
from edgediag.model.packet import Observation, Packet, Sighting
from edgediag.model.pod_echo import NO_ECHOES, PodEcho, PodQuestion
from edgediag.model.program import ProgramWord
from edgediag.model.pull import NOT_PULLED, Pulled
from edgediag.model.rehearsal import RehearsalAnswer
from edgediag.model.route import Route, RouteAnswer
from edgediag.model.tunnel import NOT_LISTENED, TunnelTraffic
from edgediag.plan import Supply
from edgediag.run import Loop
from edgediag.session.machine import Session
from edgediag.stages.assignment import Assignment
from story import host_state, neighbour, passed, route

START_S = 1000.0
ANSWER_S = 0.001
FIRST_PORT = 40000

NEXT_HOP = NextHop(
    interface="eth0", source_mac="02:00:00:00:00:10", destination_mac="02:00:00:00:00:01"
)

UNEXPLAINED = NotChecked(reason="no rules are read")
UNSEEN = NotChecked(reason="no handshake was ended")
NO_ANCHORS = Anchors(stated=UNSEEN, cluster=UNSEEN, public=UNSEEN)


def silence(action: Action, now_s: float) -> Iterable[Event]:
    """Nobody answers anything."""
    return ()


def observed(packet: Packet, sighting: Sighting, at_s: float, *, number: int = 1) -> Observed:
    """The tap saw a packet at the uplink."""
    return Observed(
        observation=Observation(
            number=number, seen_s=at_s, sighting=sighting, interface="eth0", packet=packet
        )
    )


class RigWire:
    """A wire on which a story answers each action a millisecond later.

    sent  what was done and when, seconds after the start; closing a stream is not noted
    """

    def __init__(self, answer: Callable[[Action, float], Iterable[Event]] = silence) -> None:
        self._answer = answer
        self._pending: list[Event] = []
        self._now_s = START_S
        self.sent: list[tuple[float, Action]] = []

    def now_s(self) -> float:
        """The time, as a clock tells it."""
        return self._now_s

    def passed_s(self) -> float:
        """The time since the start."""
        return self._now_s - START_S

    def execute(self, action: Action) -> tuple[Event, ...]:
        """Note the action, and have it answered."""
        if not isinstance(action, CloseStream):
            self.sent.append((self.passed_s(), action))
            self._pending += self._answer(action, self._now_s + ANSWER_S)
        return ()

    def wait(self, timeout_s: float) -> tuple[Event, ...]:
        """Pass to the next answer, or through the whole time."""
        self._now_s += ANSWER_S if self._pending else timeout_s
        events, self._pending = tuple(self._pending), []
        return events

    def dropped(self) -> int:
        """Nothing is lost."""
        return 0

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class RigTracer:
    """A trace that says of each flow what the story says."""

    said: Callable[[Flow], TraceResult]

    tries = 1

    def read(self, timeout_s: float) -> int:
        """One message came."""
        return 1

    def conclude(self, flow: Flow, *, is_stream: bool = False) -> TraceResult:
        """What the story says."""
        return self.said(flow)

    def drops(self) -> tuple[DropCount, ...]:
        """Nothing else counted a drop."""
        return ()

    def kernel_drops(self, flow: Flow) -> KernelDrops | NotChecked:
        """The kernel said of no drop."""
        return ()


@dataclass
class RigSolicitation:
    """Link-layer addresses that a story tells."""

    told: Mapping[tuple[str, Address], tuple[str, ...] | NotChecked]

    def answers(self) -> Mapping[tuple[str, Address], tuple[str, ...] | NotChecked]:
        """What the story tells."""
        return self.told


@dataclass
class RigVisits:
    """Connections to this host's own services that end as a story has it."""

    ended: Mapping[Door, bool | NotChecked]

    def closed(self, timeout_s: float) -> Mapping[Door, bool | NotChecked]:
        """What the story says."""
        return self.ended


@dataclass
class RigHost:
    """A host in order, but for what a story changes; `asked` are the flows routed, `traced` too."""

    state: HostState = field(default_factory=host_state)
    way: Callable[[Flow], RouteAnswer] = lambda flow: route()
    hop: NextHop | NotChecked = NEXT_HOP
    hopped: list[Address] = field(default_factory=list)
    entry: Neighbour | NotChecked = field(default_factory=neighbour)
    said: Callable[[Flow], TraceResult] | NotChecked = lambda flow: passed()
    asked: list[Flow] = field(default_factory=list)
    traced: list[Flow] = field(default_factory=list)
    macs: tuple[str, ...] = ()
    rules: Explained | NotChecked = UNEXPLAINED
    connection: Flow | NotChecked = UNEXPLAINED
    unanswered: tuple[Flow, ...] | NotChecked = UNEXPLAINED
    looked_up: list[Flow] = field(default_factory=list)
    overtaking: tuple[RuleObject, ...] | NotChecked = UNEXPLAINED
    explained: list[Flow] = field(default_factory=list)
    resolved: list[Flow] = field(default_factory=list)
    arrived: list[Arrival] = field(default_factory=list)
    mended: RehearsalAnswer = UNEXPLAINED
    rehearsed: list[FixTrial] = field(default_factory=list)
    solicited: list[tuple[str, Address]] = field(default_factory=list)
    verdict: Callable[[ProgramRun], bool | NotChecked] = lambda run: False
    runs: list[ProgramRun] = field(default_factory=list)
    closes: bool | NotChecked = False
    visited: list[tuple[Door, ...]] = field(default_factory=list)
    pod_echoes: tuple[PodEcho, ...] | NotChecked = NO_ECHOES
    asked_by_pod: list[PodQuestion] = field(default_factory=list)
    hub: tuple[HubWord, ...] | NotChecked = UNEXPLAINED
    doors: list[tuple[HubDoor, ...]] = field(default_factory=list)

    def read(self) -> HostState:
        """All tables."""
        return self.state

    def route(self, flow: Flow) -> RouteAnswer:
        """The way of a flow."""
        self.asked.append(flow)
        return self.way(flow)

    def neighbour(self, way: Route, destination: Address) -> Neighbour | NotChecked:
        """The next hop's entry."""
        return self.entry

    def next_hop(self, way: Route, destination: Address) -> NextHop | NotChecked:
        """Where frames go."""
        self.hopped.append(destination)
        return self.hop

    def solicit(
        self, asked: Sequence[tuple[str, Address]]
    ) -> AbstractContextManager[Solicitation]:
        """All are asked, and answered as the story says."""
        self.solicited += asked
        return nullcontext(RigSolicitation({key: self.macs for key in asked}))

    def visit(self, doors: Sequence[Door]) -> AbstractContextManager[Visits]:
        """Each ends as the story says."""
        self.visited.append(tuple(doors))
        return nullcontext(RigVisits({door: self.closes for door in doors}))

    def ask_hub(self, doors: Sequence[HubDoor]) -> tuple[HubWord, ...] | NotChecked:
        """What the story says that it says."""
        self.doors.append(tuple(doors))
        return self.hub

    def echo_from_pod(self, question: PodQuestion) -> tuple[PodEcho, ...] | NotChecked:
        """What the story says that came of it."""
        self.asked_by_pod.append(question)
        return self.pod_echoes

    def trace(self, flows: Sequence[Flow]) -> AbstractContextManager[Tracer] | NotChecked:
        """A trace, or what the story says instead of one."""
        if isinstance(self.said, NotChecked):
            return self.said
        self.traced += flows
        return nullcontext(RigTracer(self.said))

    def explain(self, flow: Flow) -> Explained | NotChecked:
        """What the story says that the rules do."""
        self.explained.append(flow)
        return self.rules

    def explain_resolution(self, flow: Flow, way: Route) -> Explained | NotChecked:
        """The same of ARP for the next hop."""
        self.resolved.append(flow)
        return self.rules

    def explain_arrival(self, arrival: Arrival) -> Explained | NotChecked:
        """The same of what comes in."""
        self.arrived.append(arrival)
        return self.rules

    def translated_before(
        self, arrival: Arrival, exemption: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """What the story says that overtakes a chain."""
        return self.overtaking

    def accepted_before(
        self, arrival: Arrival, chain: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The same of what accepts it."""
        return self.overtaking

    def rehearse(self, trial: FixTrial) -> RehearsalAnswer:
        """What the story says that comes of a command."""
        self.rehearsed.append(trial)
        return self.mended

    def unreplied(self) -> tuple[Flow, ...] | NotChecked:
        """What the story says that drew no answer."""
        return self.unanswered

    def tracked(self, flow: Flow) -> Flow | NotChecked:
        """What the story says that is tracked."""
        self.looked_up.append(flow)
        return self.connection

    def run_program(self, run: ProgramRun) -> ProgramWord | NotChecked:
        """Programs drop as the story says."""
        self.runs.append(run)
        verdict = self.verdict(run)
        if isinstance(verdict, NotChecked):
            return verdict
        return ProgramWord.DROPS if verdict else ProgramWord.LEAVES

    def programs(self, names: Sequence[str]) -> tuple[str, ...]:
        """All of them are there."""
        return tuple(names)


@dataclass
class RigCertificates:
    """What servers show as a story has it, by their names; `asked` are all that were asked."""

    shown: Mapping[str, Presented] = field(default_factory=dict)
    asked: list[Server] = field(default_factory=list)

    def of(self, servers: Sequence[Server]) -> Mapping[Server, Presented | NotChecked]:
        """What each shows."""
        self.asked += servers
        return {server: self.shown.get(server.name, UNSEEN) for server in servers}


@dataclass
class RigPulls:
    """Every image fares as it is set; who was asked for which is kept."""

    pulled: Pulled | NotChecked = NOT_PULLED
    asked: list[PullQuestion] = field(default_factory=list)

    def of(self, question: PullQuestion) -> Pulled | NotChecked:
        """What comes of it."""
        self.asked.append(question)
        return self.pulled


class RigListening:
    """Nobody listens to the tunnel's port."""

    def conclude(self) -> TunnelTraffic | NotChecked:
        """Nothing is known of it."""
        return NOT_LISTENED


def rig(
    wire: RigWire,
    host: RigHost | None = None,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    certificates: RigCertificates | None = None,
    pulls: RigPulls | None = None,
) -> Bench:
    """A bench of stand-ins; a thousand source ports from 40000 on."""
    loop = Loop(wire, Session(rate_pps=10_000.0), wire, is_stopped=is_stopped)
    ports = iter(range(FIRST_PORT, FIRST_PORT + 1000))
    supply = Supply(tokens=iter(range(2**50, 2**51)), ports=ports, first_ip_id=0)
    host = host or RigHost()
    return Bench(
        host=host,
        state=host.read(),
        loop=loop,
        supply=supply,
        certificates=certificates or RigCertificates(),
        pulls=pulls or RigPulls(),
        listening=RigListening(),
    )


def assigned(
    *targets: Target,
    lookup: NameLookup | NotChecked = NO_LOOKUP,
    upstreams: tuple[ResolverLine, ...] = (),
    search: SearchList | NotChecked = NO_SEARCH,
) -> Assignment:
    """Rows to be checked, and what names them."""
    return Assignment(
        matrix=Matrix(targets=targets, omitted=(), not_applicable=()),
        hosts_entries=(),
        resolver_lines=(),
        timeout_s=2.0,
        anchors=NO_ANCHORS,
        lookup=lookup,
        upstreams=upstreams,
        search=search,
    )
