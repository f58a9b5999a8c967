"""What a diagnosis works with: the loop over the wire, this host's kernel, a supply to draw on."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Presented, PullQuestion, Server
from edgediag.model.drops import DropCount, KernelDrops, TraceResult
from edgediag.model.exchange import Door, FixTrial, NextHop, ProgramRun
from edgediag.model.explained import Arrival, Explained, RuleObject
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, Neighbour
from edgediag.model.hub import HubDoor, HubWord
from edgediag.model.pod_echo import PodEcho, PodQuestion
from edgediag.model.program import ProgramWord
from edgediag.model.pull import Pulled
from edgediag.model.rehearsal import RehearsalAnswer
from edgediag.model.route import Route, RouteAnswer
from edgediag.model.tunnel import TunnelTraffic
from edgediag.plan import Supply
from edgediag.run import Loop


class Tracer(Protocol):
    """A trace under way; what it installed vanishes with it."""

    @property
    def tries(self) -> int:
        """How many packets of each flow it needs to see."""

    def read(self, timeout_s: float) -> int:
        """Collect what the kernel says within the time; how many messages came so far."""

    def conclude(self, flow: Flow, *, is_stream: bool = False) -> TraceResult:
        """What became of a flow, or of a connection's octets and their answer."""

    def drops(self) -> tuple[DropCount, ...]:
        """The counters of this host that rose meanwhile."""

    def kernel_drops(self, flow: Flow) -> KernelDrops | NotChecked:
        """What the kernel said it dropped of a flow and of its answers."""


class Solicitation(Protocol):
    """Link-layer addresses asked for by hand, past the neighbour table."""

    def answers(self) -> Mapping[tuple[str, Address], tuple[str, ...] | NotChecked]:
        """The MACs that answered so far, ascending, by device and address."""


class Visits(Protocol):
    """Connections of this host to services of its own, on which nothing is said."""

    def closed(self, timeout_s: float) -> Mapping[Door, bool | NotChecked]:
        """Whether each was ended by the other side before a word.

        timeout_s  since they were begun; nobody waits longer for one that still stands
        """


class Host(Protocol):
    """This host as its kernel describes it."""

    def read(self) -> HostState:
        """All tables as they are now."""

    def route(self, flow: Flow) -> RouteAnswer:
        """The kernel's way for a flow; an unspecified source lets it choose one."""

    def neighbour(self, route: Route, destination: Address) -> Neighbour | NotChecked:
        """The neighbour entry of a route's next hop, as it is now."""

    def next_hop(self, route: Route, destination: Address) -> NextHop | NotChecked:
        """Where a frame on a route goes."""

    def solicit(
        self, asked: Sequence[tuple[str, Address]]
    ) -> AbstractContextManager[Solicitation]:
        """Ask once on each device who has an address."""

    def visit(self, doors: Sequence[Door]) -> AbstractContextManager[Visits]:
        """Connect to services of this host."""

    def ask_hub(self, doors: Sequence[HubDoor]) -> tuple[HubWord, ...] | NotChecked:
        """What the hub of this node says of itself, in the order of the questions."""

    def echo_from_pod(self, question: PodQuestion) -> tuple[PodEcho, ...] | NotChecked:
        """Ask from inside a pod of this node."""

    def trace(self, flows: Sequence[Flow]) -> AbstractContextManager[Tracer] | NotChecked:
        """A trace of these flows through the rule sets, or why there can be none."""

    def explain(self, flow: Flow) -> Explained | NotChecked:
        """What the rule sets would do with a new packet of the flow that this host sends."""

    def explain_resolution(self, flow: Flow, route: Route) -> Explained | NotChecked:
        """What the rule sets would do with ARP for the next hop of a flow."""

    def explain_arrival(self, arrival: Arrival) -> Explained | NotChecked:
        """What the rule sets would do with a new packet that comes in."""

    def translated_before(
        self, arrival: Arrival, exemption: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that give what comes in another source before a chain exempts it from that."""

    def accepted_before(
        self, arrival: Arrival, chain: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that accept what comes in of a standing connection before a chain is asked.

        arrival  of whose flow the source alone is known
        """

    def rehearse(self, trial: FixTrial) -> RehearsalAnswer:
        """What a command makes of a packet, on a copy of this host's network."""

    def unreplied(self) -> tuple[Flow, ...] | NotChecked:
        """Connections that this host tracks, that want an answer and drew none."""

    def tracked(self, flow: Flow) -> Flow | NotChecked:
        """What leaves for a flow by the connection that this host tracks for it."""

    def run_program(self, run: ProgramRun) -> ProgramWord | NotChecked:
        """What a program does with a copy of a packet."""

    def programs(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the programs that are on the search path."""


class Certificates(Protocol):
    """TLS servers by what they show of themselves."""

    def of(self, servers: Sequence[Server]) -> Mapping[Server, Presented | NotChecked]:
        """The certificate of each server, or why it was not seen; in bounded time for all."""


class Pulls(Protocol):
    """Images asked of registries as a stranger asks."""

    def of(self, question: PullQuestion) -> Pulled | NotChecked:
        """How far the pull gets, or why nobody is asked; in bounded time."""


class Listening(Protocol):
    """The tunnel's port, listened to beside the run."""

    def conclude(self) -> TunnelTraffic | NotChecked:
        """What passed there without the run's own packets; waits as long as was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All instruments of one run, and the host's tables before the first probe."""

    host: Host
    state: HostState
    loop: Loop
    supply: Supply
    certificates: Certificates
    pulls: Pulls
    listening: Listening
