"""What the rule sets of this host do with a packet: walked as they are, or tried on a copy."""

import os
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
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import FixTrial
from edgediag.model.explained import Arrival, Explained, RuleObject
from edgediag.model.flow import Flow
from edgediag.model.rehearsal import RehearsalAnswer
from edgediag.model.route import Route
from edgediag.net.degraded import degraded
from edgediag.net.legacy_readings import LegacyReadings
from edgediag.net.rehearsal import rehearse_parcel
from edgediag.net.rule_tables import names_in
from edgediag.net.walk_answers import (
    WalkWith,
    rules_of,
    walk_inbound,
    walk_outbound,
    walk_reply,
    walk_resolution,
)
from edgediag.net.ways import interface

# A copy of 50,000 rules takes longer, and a run does not wait for it.
_REHEARSAL_LIMIT_S: Final = 4.0


class HostRules:
    """The rule sets of one moment: all walks share one reading of iptables-legacy."""

    def __init__(self) -> None:
        self._legacy = LegacyReadings()

    def explain(self, flow: Flow) -> Explained | NotChecked:
        """What becomes of a new packet of the flow that this host sends."""
        return degraded("packet filters", lambda: self._explained(_sent(flow), walk_outbound))

    def explain_resolution(self, flow: Flow, route: Route) -> Explained | NotChecked:
        """What becomes of ARP for the next hop of a flow."""
        onward = interface(route.interface)
        parcel = replace(_sent(flow), outgoing=onward, gateway=route.gateway)
        return degraded("packet filters", lambda: self._explained(parcel, walk_resolution))

    def explain_arrival(self, arrival: Arrival) -> Explained | NotChecked:
        """What becomes of a new packet that comes in."""
        return degraded("packet filters", lambda: self._explained(_arrived(arrival), walk_inbound))

    def translated_before(
        self, arrival: Arrival, exemption: str
    ) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that give what comes in another source before a chain exempts it from that."""
        asked = _arrived(arrival), exemption
        return degraded("packet filters", lambda: self._overtaking(*asked, translating))

    def accepted_before(self, arrival: Arrival, chain: str) -> tuple[RuleObject, ...] | NotChecked:
        """The rules that accept what comes in of a standing connection before a chain is asked."""
        parcel = replace(_arrived(arrival), state=CtState.ESTABLISHED)
        anywhere = within(parcel.destination, 0, "where it goes")
        asked = replace(parcel, destination=anywhere), chain
        return degraded("packet filters", lambda: self._overtaking(*asked, accepting))

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

    def _overtaking(
        self, parcel: Parcel, chain: str, find: Overtaking
    ) -> tuple[RuleObject, ...] | NotChecked:
        read = self._legacy.placed
        courses, unread = walk_inbound(parcel, Journal(), read)
        if unread:
            return NotChecked(reason=", ".join(unread))
        steps = find(courses, lambda name: rules_of(name, read), chain)
        if isinstance(steps, NotChecked):
            return steps
        found = (
            step_culprit(step, names_in(step.rule)) for step in steps if step.rule is not None
        )
        return tuple(rule for rule in found if rule is not None)

    def _explained(self, parcel: Parcel, walk: WalkWith) -> Explained:
        return summary(conclude(*walk(parcel, Journal(), self._legacy.placed)), names_in)


def _sent(flow: Flow) -> Parcel:
    """A new packet of this process's own."""
    sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
    return parcel_of(flow, sender)


def _arrived(arrival: Arrival) -> Parcel:
    parcel = parcel_in(arrival.flow, interface(arrival.interface), CtState.NEW)
    somebody = within(parcel.source, arrival.prefix_length, "who sends it")
    return replace(parcel, source=somebody)
