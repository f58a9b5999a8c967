"""This host as a diagnosis asks it: tables, routes, traces and programs of the running kernel."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import Final

from edgediag.host.fix_words import Fix, parse_fix
from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.culprit import step_culprit
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.octets import within
from edgediag.host.walk.overtaking import Overtaking, accepting, translating
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_in, parcel_of
from edgediag.host.walk.summary import summary
from edgediag.instruments import Solicitation, Tracer, Visits
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import Door, FixTrial, NextHop, ProgramRun
from edgediag.model.explained import Arrival, Explained, RuleObject
from edgediag.model.flow import Address, Flow
from edgediag.model.host import HostState, Neighbour, Route, RouteAnswer
from edgediag.model.pod_echo import PodEcho, PodQuestion
from edgediag.model.rehearsal import RehearsalAnswer
from edgediag.net.arp import ArpSolicitation
from edgediag.net.attribution import open_attribution
from edgediag.net.conntrack import read_unreplied, wire_flow_of
from edgediag.net.degraded import degraded
from edgediag.net.fib import route_for
from edgediag.net.files import NodeFiles
from edgediag.net.host_tables import neighbour_for, next_hop_for, read_host
from edgediag.net.pod_echo import echo_from_pod
from edgediag.net.program_run import run_program
from edgediag.net.rehearsal import rehearse_parcel
from edgediag.net.rule_tables import names_in
from edgediag.net.visits import KernelVisits
from edgediag.net.walk_answers import (
    Walk,
    rules_of,
    walk_inbound,
    walk_outbound,
    walk_reply,
    walk_resolution,
)
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

    def visit(self, doors: Sequence[Door]) -> AbstractContextManager[Visits]:
        """Connect to services of this host."""
        return KernelVisits(doors)

    def echo_from_pod(self, question: PodQuestion) -> tuple[PodEcho, ...] | NotChecked:
        """Ask from inside a pod of this node."""
        return echo_from_pod(question)

    def trace(self, flows: Sequence[Flow]) -> AbstractContextManager[Tracer] | NotChecked:
        """A trace of these flows through the rule sets, or why there can be none."""
        routes = [route_for(flow) for flow in flows]
        devices = {route.interface for route in routes if isinstance(route, Route)}
        return open_attribution(flows, sorted(devices - {"", "lo"}))

    def explain(self, flow: Flow) -> Explained | NotChecked:
        """What the rule sets would do with a new packet of the flow that this host sends."""
        return degraded("packet filters", lambda: _explained(_sent(flow), walk_outbound))

    def explain_resolution(self, flow: Flow, route: Route) -> Explained | NotChecked:
        """What the rule sets would do with ARP for the next hop of a flow."""
        onward = interface(route.interface)
        parcel = replace(_sent(flow), outgoing=onward, gateway=route.gateway)
        return degraded("packet filters", lambda: _explained(parcel, walk_resolution))

    def explain_arrival(self, arrival: Arrival) -> Explained | NotChecked:
        """What the rule sets would do with a new packet that comes in."""
        return degraded("packet filters", lambda: _explained(_arrived(arrival), walk_inbound))

    def translated_before(
        self, arrival: Arrival, exemption: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that give what comes in another source before a chain exempts it from that."""
        asked = _arrived(arrival), exemption
        return degraded("packet filters", lambda: _overtaking(*asked, translating))

    def accepted_before(
        self, arrival: Arrival, chain: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that accept what comes in of a standing connection before a chain is asked."""
        parcel = replace(_arrived(arrival), state=CtState.ESTABLISHED)
        anywhere = within(parcel.destination, 0, "where it goes")
        asked = replace(parcel, destination=anywhere), chain
        return degraded("packet filters", lambda: _overtaking(*asked, accepting))

    def rehearse(self, trial: FixTrial) -> RehearsalAnswer:
        """What a command makes of a packet, on a copy of this host's network."""
        fix = parse_fix(trial.command)
        if not isinstance(fix, Fix):
            return NotChecked(reason=fix)
        if isinstance(trial.packet, Arrival):
            parcel, walk = _arrived(trial.packet), walk_inbound
        else:
            parcel = _sent(trial.packet)
            walk = walk_reply if trial.is_answered else walk_outbound
        return rehearse_parcel(parcel, (fix,), walk, limit_s=_REHEARSAL_LIMIT_S)

    def unreplied(self) -> tuple[Flow, ...] | NotChecked:
        """Connections that want an answer and drew none."""
        return degraded("connections", read_unreplied)

    def tracked(self, flow: Flow) -> Flow | NotChecked:
        """What leaves for a flow by the connection that this host tracks for it."""
        return wire_flow_of(flow)

    def run_program(self, run: ProgramRun) -> bool | NotChecked:
        """Whether a program drops a copy of a packet."""
        return run_program(run)

    def programs(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the programs that are on the search path."""
        return self._files.find_programs(names)


def _sent(flow: Flow) -> Parcel:
    """A new packet of this process's own."""
    sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
    return parcel_of(flow, sender)


def _arrived(arrival: Arrival) -> Parcel:
    parcel = parcel_in(arrival.flow, interface(arrival.interface), CtState.NEW)
    somebody = within(parcel.source, arrival.prefix_length, "who sends it")
    return replace(parcel, source=somebody)


def _overtaking(
    parcel: Parcel, chain: str, find: Overtaking
) -> tuple[RuleObject, ...] | NotChecked:
    courses, unread = walk_inbound(parcel, Journal())
    if unread:
        return NotChecked(reason=", ".join(unread))
    steps = find(courses, rules_of, chain)
    if isinstance(steps, NotChecked):
        return steps
    found = (step_culprit(step, names_in(step.rule)) for step in steps if step.rule is not None)
    return tuple(rule for rule in found if rule is not None)


def _explained(parcel: Parcel, walk: Walk) -> Explained:
    return summary(conclude(*walk(parcel, Journal())), names_in)
