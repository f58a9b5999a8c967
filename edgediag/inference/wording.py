"""Sentences for verdicts: what a support engineer pastes into a ticket."""

from edgediag.inference.unjudged import PARTIAL
from edgediag.model.endpoint import Target
from edgediag.model.flow import Flow
from edgediag.model.verdict import Certainty, Claim, Finding, Landmark, Locus, Place

_PLACES = {
    Place.LOCAL: "on this node",
    Place.ON_PATH: "on the path",
    Place.REMOTE: "at the destination",
}


def named(target: Target, flow: Flow | None) -> str:
    """What a check is about: "udp 198.51.100.21 port 4500 (Raven tunnel)"."""
    host = str(flow.destination) if flow is not None else target.host or "this node"
    return f"{target.protocol.value} {host} port {target.port} ({target.purpose})"


def summary(target: str, claim: Claim, text: str) -> str:
    """One sentence: what is blocked or suffers, where, and why we say so.

    A claim without a mechanism is undetermined, and so is whether anything is blocked.
    """
    what = "loses packets" if claim.mechanism in PARTIAL else "is blocked"
    if claim.mechanism is None:
        what = "may be blocked"
    return f"{target} {what} {_whereabouts(claim)}: {text}"


def contradiction(target: str, one: Finding, other: Finding) -> str:
    """The sentence for two proofs that exclude each other."""
    return (
        f"{target} fails, and the evidence contradicts itself: {one.rule} says {one.text}, but "
        f"{other.rule} says {other.text}"
    )


def _whereabouts(claim: Claim) -> str:
    if claim.certainty is Certainty.AMBIGUOUS:
        places = " or ".join(_PLACES[place] for place in claim.where)
        return f"{places}, which cannot be told apart from here"
    if claim.where != (Place.ON_PATH,):
        return _PLACES[claim.where[0]]
    if claim.after == claim.upto:
        return f"on the path, at {locus_named(claim.after)}"
    return f"on the path, between {locus_named(claim.after)} and {locus_named(claim.upto)}"


def locus_named(locus: Locus) -> str:
    """A locus as a sentence names it."""
    if locus is Landmark.EDGE:
        return "this node"
    if locus is Landmark.HOST:
        return "the destination"
    return "an unknown hop" if locus is None else str(locus)
