"""The few shapes that claims have."""

from edgediag.model.answer import NotChecked
from edgediag.model.culprit import Culprit
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import (
    Certainty,
    Claim,
    Finding,
    Landmark,
    Locus,
    Mechanism,
    Place,
    Strength,
)

LOST_OUTSIDE = (Place.ON_PATH, Place.REMOTE)
ANYWHERE = (Place.LOCAL, Place.ON_PATH, Place.REMOTE)


def on_this_host(mechanism: Mechanism | None, culprit: Culprit | None) -> Claim:
    """The block is on this host."""
    return Claim(
        where=(Place.LOCAL,),
        certainty=Certainty.PROVEN,
        after=None,
        upto=Landmark.EDGE,
        mechanism=mechanism,
        culprit=culprit,
    )


def at_hop(hop: Locus, mechanism: Mechanism) -> Claim:
    """The block is at a hop that named itself."""
    return Claim(
        where=(Place.ON_PATH,),
        certainty=Certainty.PROVEN,
        after=hop,
        upto=hop,
        mechanism=mechanism,
        culprit=None,
    )


def lost_outside(host: HostState) -> tuple[Place, ...]:
    """Where an answer is lost that no tap saw; programs of a driver come before every tap."""
    has_program = isinstance(host.links, NotChecked) or any(
        link.xdp_program is not None for link in host.links
    )
    return ANYWHERE if has_program else LOST_OUTSIDE


def between(after: Locus, upto: Locus, mechanism: Mechanism) -> Claim:
    """The block is in a segment of the path."""
    return Claim(
        where=(Place.ON_PATH,),
        certainty=Certainty.BOUNDED,
        after=after,
        upto=upto,
        mechanism=mechanism,
        culprit=None,
    )


def made_at(after: Locus, maker: Locus, mechanism: Mechanism) -> Claim:
    """The block is at a hop that its own packets give away; `after` is the hop before it."""
    return Claim(
        where=(Place.ON_PATH,),
        certainty=Certainty.PROVEN,
        after=after,
        upto=maker,
        mechanism=mechanism,
        culprit=None,
    )


def at_destination(after: Locus, mechanism: Mechanism, certainty: Certainty) -> Claim:
    """The block is at the destination."""
    return Claim(
        where=(Place.REMOTE,),
        certainty=certainty,
        after=after,
        upto=Landmark.HOST,
        mechanism=mechanism,
        culprit=None,
    )


def one_of(where: tuple[Place, ...], after: Locus, mechanism: Mechanism | None) -> Claim:
    """The block is in one of several places that look the same from here.

    Where this host is one of them, it does not begin behind any hop.
    """
    return Claim(
        where=where,
        certainty=Certainty.AMBIGUOUS,
        after=None if Place.LOCAL in where else after,
        upto=Landmark.HOST,
        mechanism=mechanism,
        culprit=None,
    )


def finding(
    rule: str, evidence: FlowEvidence, claim: Claim, said: tuple[str, str, tuple[int, ...]]
) -> Finding:
    """A proof by a rule; `said` is its text, its remedy and the packets that made it fire."""
    text, remedy, packets = said
    return Finding(
        id=f"{evidence.target.check}/{rule}",
        rule=rule,
        strength=Strength.PROVES,
        claim=claim,
        text=text,
        remedy=remedy,
        packets=packets,
    )
