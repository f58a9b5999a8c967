"""What the rules read out of the evidence of a flow; no rule looks at raw fields twice."""

from collections.abc import Iterable
from typing import Final

from edgediag.inference.counts import lost_of, own_trains
from edgediag.inference.ladders import ladders_of
from edgediag.inference.losses import is_lossy
from edgediag.meaning import (
    decisive,
    has_come_back,
    has_left,
    is_answered_well,
    is_refused,
    is_service,
)
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RouteObject
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState, Link, Neighbour, NeighbourState
from edgediag.model.outcome import Answered, Outcome, SendFailed, Unanswered
from edgediag.model.packet import Sighting
from edgediag.model.reply import Reply
from edgediag.model.route import Route
from edgediag.model.variation import Change
from edgediag.path import first_in_name_of

KUBE_PROXY_DEVICE: Final = "kube-ipvs0"
"""What kube-proxy binds is a Service's (pkg/proxy/ipvs/proxier.go, defaultDummyDevice)."""


def outcome_of(evidence: FlowEvidence) -> Outcome:
    """What an application would have met."""
    return decisive(evidence.attempts)


def reply_of(evidence: FlowEvidence) -> Reply | None:
    """The decisive attempt's reply, None for silence or a refused send."""
    outcome = outcome_of(evidence)
    return outcome.reply if isinstance(outcome, Answered) else None


def is_unresolved(neighbour: Neighbour | NotChecked) -> bool:
    """True if packets wait for a link-layer address that nobody tells."""
    if isinstance(neighbour, NotChecked):
        return False
    return neighbour.state in (NeighbourState.INCOMPLETE, NeighbourState.FAILED)


def is_held_up(evidence: FlowEvidence) -> bool:
    """True if the packet may still wait for a link-layer address or for a carrier.

    What keeps it then may be the other end's fault, and no drop of this host.
    """
    is_without_carrier = isinstance(evidence.link, Link) and not evidence.link.has_carrier
    return is_unresolved(evidence.neighbour) or is_without_carrier


def not_permitted(evidence: FlowEvidence) -> tuple[SendFailed, ...]:
    """The attempts that the kernel refused with EPERM, as its filters and programs do."""
    failed = (item for item in evidence.attempts if isinstance(item, SendFailed))
    return tuple(item for item in failed if item.errno_name == "EPERM")


def is_own_service(evidence: FlowEvidence) -> bool:
    """True if the flow is meant to stay on this host: loopback, or a resolver at an own address.

    Any other destination that the kernel takes for its own is a mistake of routing.
    """
    if evidence.flow.destination.is_loopback:
        return True
    is_query = evidence.attempts[0].probe.kind is ProbeKind.DNS
    return is_query and isinstance(evidence.route, Route) and evidence.route.is_local


def holder_of(address: Address, host: HostState) -> str:
    """The device that has an address, "" where that is not known."""
    if isinstance(host.addresses, NotChecked):
        return ""
    return next((item.interface for item in host.addresses if item.address == address), "")


def misrouted_here(
    address: Address, route: Route, host: HostState
) -> tuple[str, str, RouteObject]:
    """A destination that this host takes for its own: the words, the remedy, the culprit."""
    device = holder_of(address, host) or route.interface
    text = f"{address} is an address of this host itself, on {device}"
    remedy = f"take {address} off {device}, unless this node is meant itself"
    if device == KUBE_PROXY_DEVICE:
        remedy = f"take {address} off {device}, and see its Service's externalTrafficPolicy"
    return text, remedy, RouteObject(type_="local", prefix=route.prefix, table=route.table)


def is_lost(evidence: FlowEvidence) -> bool:
    """True if the probe left this host and nothing at all came back to it."""
    outcome = outcome_of(evidence)
    return (
        isinstance(outcome, Unanswered) and has_left(outcome) and not has_come_back(outcome)
    )


def is_intermittent(evidence: FlowEvidence) -> bool:
    """True if the destination served the flow after all: another attempt, the walk, or alone.

    Of kin that were walked in this one's stead the same holds, and of other flows to its port: one
    that was answered only when it was asked again, or many that were asked once and counted.
    """
    confirmation = evidence.confirmation
    if isinstance(confirmation, NotChecked) and evidence.surroundings.is_lossy:
        # It was not asked alone, and others that were silent were served when they were.
        return True
    again = () if isinstance(confirmation, NotChecked) else (confirmation,)
    kin = [outcome for item in evidence.kin for outcome in item.attempts]
    if any(map(is_answered_well, (*evidence.attempts, *again, *kin))):
        return True
    if any(map(_is_served_late, _on_other_paths(evidence))) or is_counted_lossy(evidence):
        return True
    if any(seen.sighting is Sighting.LATE for item in evidence.attempts for seen in item.seen):
        return True
    named = [first_in_name_of(ladder, ladder.flow.destination) for ladder in ladders_of(evidence)]
    return any(hop is not None and hop.reply and is_service(hop.reply) for hop in named)


def _on_other_paths(evidence: FlowEvidence) -> tuple[Outcome, ...]:
    variations = () if isinstance(evidence.variations, NotChecked) else evidence.variations
    legs = (item for item in variations if item.change is Change.LEG)
    return tuple(outcome for leg in legs for outcome in leg.attempts)


def met_loss(evidence: FlowEvidence) -> bool:
    """True if silence may be loss: others were served when asked again, or it was counted."""
    return evidence.surroundings.is_lossy or is_counted_lossy(evidence)


def is_counted_lossy(evidence: FlowEvidence) -> bool:
    """True if of many questions of the check, each sent once, more are lost than protocols bear."""
    return is_lossy(lost_of(own_trains(evidence)))


def _is_served_late(outcome: Outcome) -> bool:
    return is_answered_well(outcome) and isinstance(outcome, Answered) and outcome.tries > 1


def is_silent(evidence: FlowEvidence) -> bool:
    """True if the probe left this host and nothing came back, however often it was asked.

    Beside another port of the host that was refused it may be the sender of errors that is silent.
    """
    if any(map(is_refused, _beside(evidence))):
        return False
    return is_lost(evidence) and not is_intermittent(evidence)


def _beside(evidence: FlowEvidence) -> tuple[Outcome, ...]:
    here = evidence.flow.destination
    beside = [kin for kin in evidence.kin if kin.ladder.flow.destination == here]
    return tuple(outcome for kin in beside for outcome in kin.attempts)


def packets_of(outcomes: Iterable[Outcome]) -> tuple[int, ...]:
    """The capture numbers of all packets of some outcomes, ascending."""
    return tuple(sorted({seen.number for outcome in outcomes for seen in outcome.seen}))
