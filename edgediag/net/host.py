"""This host as a diagnosis asks it: tables, routes, traces and programs of the running kernel.

What only a fault needs is imported when there is one: it would take a quarter of each start.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

from edgediag.instruments import Solicitation, Tracer, Visits
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import Door, FixTrial, NextHop, ProgramRun
from edgediag.model.explained import Arrival, Explained, RuleObject
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, Neighbour
from edgediag.model.hub import HubDoor, HubWord
from edgediag.model.packet import LOOPBACK
from edgediag.model.pod_echo import PodEcho, PodQuestion
from edgediag.model.program import ProgramWord
from edgediag.model.rehearsal import RehearsalAnswer
from edgediag.model.route import Route, RouteAnswer
from edgediag.net.arp import ArpSolicitation
from edgediag.net.degraded import degraded
from edgediag.net.fib import route_for
from edgediag.net.files import NodeFiles
from edgediag.net.host_tables import neighbour_for, next_hop_for, read_host
from edgediag.net.visits import KernelVisits

if TYPE_CHECKING:
    from edgediag.net.host_rules import HostRules


class KernelHost:
    """The network namespace of the caller, and the files of the node."""

    def __init__(self, files: NodeFiles) -> None:
        self._files = files
        self._walks: "HostRules | None" = None

    def read(self) -> HostState:
        """All tables as they are now; what follows is walked through rules read from now on."""
        self._walks = None
        return read_host()

    def route(self, flow: Flow) -> RouteAnswer:
        """The kernel's way for a flow; an unspecified source lets it choose one."""
        return route_for(flow)

    def neighbour(self, route: Route, destination: Address) -> Neighbour | NotChecked:
        """The neighbour entry of a route's next hop, as it is now."""
        return neighbour_for(route, destination)

    def next_hop(self, route: Route, destination: Address) -> NextHop | NotChecked:
        """Where a frame on a route goes."""
        return next_hop_for(route, destination)

    def solicit(
        self, asked: Sequence[tuple[str, Address]]
    ) -> AbstractContextManager[Solicitation]:
        """Ask once on each device who has an address."""
        return closing(ArpSolicitation(asked))

    def visit(self, doors: Sequence[Door]) -> AbstractContextManager[Visits]:
        """Connect to services of this host."""
        return KernelVisits(doors)

    def ask_hub(self, doors: Sequence[HubDoor]) -> tuple[HubWord, ...] | NotChecked:
        """What the hub of this node says of itself, in the order of the questions."""
        from edgediag.net.hub import ask_hub

        return ask_hub(doors)

    def echo_from_pod(self, question: PodQuestion) -> tuple[PodEcho, ...] | NotChecked:
        """Ask from inside a pod of this node."""
        from edgediag.net.pod_echo import echo_from_pod

        return echo_from_pod(question)

    def trace(self, flows: Sequence[Flow]) -> AbstractContextManager[Tracer] | NotChecked:
        """A trace of these flows through the rule sets, or why there can be none."""
        from edgediag.net.attribution import open_attribution

        routes = [route_for(flow) for flow in flows]
        devices = {route.interface for route in routes if isinstance(route, Route)}
        return open_attribution(flows, sorted(devices - {"", LOOPBACK}))

    def explain(self, flow: Flow) -> Explained | NotChecked:
        """What the rule sets would do with a new packet of the flow that this host sends."""
        return self._rules().explain(flow)

    def explain_resolution(self, flow: Flow, route: Route) -> Explained | NotChecked:
        """What the rule sets would do with ARP for the next hop of a flow."""
        return self._rules().explain_resolution(flow, route)

    def explain_arrival(self, arrival: Arrival) -> Explained | NotChecked:
        """What the rule sets would do with a new packet that comes in."""
        return self._rules().explain_arrival(arrival)

    def translated_before(
        self, arrival: Arrival, exemption: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that give what comes in another source before a chain exempts it from that."""
        return self._rules().translated_before(arrival, exemption)

    def accepted_before(
        self, arrival: Arrival, chain: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that accept what comes in of a standing connection before a chain is asked."""
        return self._rules().accepted_before(arrival, chain)

    def rehearse(self, trial: FixTrial) -> RehearsalAnswer:
        """What a command makes of a packet, on a copy of this host's network."""
        return self._rules().rehearse(trial)

    def unreplied(self) -> tuple[Flow, ...] | NotChecked:
        """Connections that want an answer and drew none."""
        from edgediag.net.conntrack import read_unreplied

        return degraded("connections", read_unreplied)

    def tracked(self, flow: Flow) -> Flow | NotChecked:
        """What leaves for a flow by the connection that this host tracks for it."""
        from edgediag.net.conntrack import wire_flow_of

        return wire_flow_of(flow)

    def run_program(self, run: ProgramRun) -> ProgramWord | NotChecked:
        """What a program does with a copy of a packet."""
        from edgediag.net.program_run import run_program

        return run_program(run)

    def programs(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the programs that are on the search path."""
        return self._files.find_programs(names)

    def _rules(self) -> "HostRules":
        from edgediag.net.host_rules import HostRules

        if self._walks is None:
            self._walks = HostRules()
        return self._walks
