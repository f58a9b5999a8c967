"""This host as a diagnosis asks it: tables, routes, traces and programs of the running kernel."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import Final

from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.octets import within
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_in, parcel_of
from edgediag.host.walk.summary import summary
from edgediag.instruments import Solicitation, Tracer
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import FixTrial, NextHop, ProgramRun
from edgediag.model.explained import Arrival, Explained
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, Neighbour, Route, RouteAnswer
from edgediag.model.rehearsal import RehearsalAnswer
from edgediag.net.arp import ArpSolicitation
from edgediag.net.attribution import open_attribution
from edgediag.net.degraded import degraded
from edgediag.net.fib import route_for
from edgediag.net.files import NodeFiles
from edgediag.net.host_tables import neighbour_for, next_hop_for, read_host
from edgediag.net.program_run import run_program
from edgediag.net.rehearsal import rehearse_flow
from edgediag.net.rule_tables import names_in
from edgediag.net.walk_answers import Walk, walk_inbound, walk_outbound, walk_reply
from edgediag.net.ways import interface

# A copy of 50,000 rules takes longer, and a run does not wait for it.
_REHEARSAL_LIMIT_S: Final = 4.0


class KernelHost:
    """The network namespace of the caller, and the files of the node."""

    def __init__(self, files: NodeFiles) -> None:
        self._files = files

    def read(self) -> HostState:
        """All tables as they are now."""
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

    def trace(self, flows: Sequence[Flow]) -> AbstractContextManager[Tracer] | NotChecked:
        """A trace of these flows through the rule sets, or why there can be none."""
        routes = [route_for(flow) for flow in flows]
        devices = {route.interface for route in routes if isinstance(route, Route)}
        return open_attribution(flows, sorted(devices - {"", "lo"}))

    def explain(self, flow: Flow) -> Explained | NotChecked:
        """What the rule sets would do with a new packet of the flow that this host sends."""
        sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
        parcel = parcel_of(flow, sender)
        return degraded("packet filters", lambda: _explained(parcel, walk_outbound))

    def explain_arrival(self, arrival: Arrival) -> Explained | NotChecked:
        """What the rule sets would do with a new packet that comes in."""
        device = interface(arrival.interface)
        parcel = parcel_in(arrival.flow, device, CtState.NEW)
        somebody = within(parcel.source, arrival.prefix_length, "who sends it")
        parcel = replace(parcel, source=somebody)
        return degraded("packet filters", lambda: _explained(parcel, walk_inbound))

    def rehearse(self, trial: FixTrial) -> RehearsalAnswer:
        """What a command makes of a flow, on a copy of this host's network."""
        walk = walk_reply if trial.is_answered else walk_outbound
        return rehearse_flow(trial.flow, (trial.command,), walk, limit_s=_REHEARSAL_LIMIT_S)

    def run_program(self, run: ProgramRun) -> bool | NotChecked:
        """Whether a program drops a copy of a packet."""
        return run_program(run)

    def programs(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the programs that are on the search path."""
        return self._files.find_programs(names)


def _explained(parcel: Parcel, walk: Walk) -> Explained:
    return summary(conclude(*walk(parcel, Journal())), names_in)
