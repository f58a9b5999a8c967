"""Who made an answer that bears the destination's address: the destination, or a hop before it."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgediag.inference.claim import LOST_OUTSIDE, at_destination, between, made_at, one_of
from edgediag.meaning import received_hop_limit
from edgediag.model.path import Hop, Ladder
from edgediag.model.verdict import Certainty, Claim, Landmark, Locus, Mechanism
from edgediag.path import first_in_name_of, hop_at, is_expiry, last_expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the answers of a flow begin on its ladder, and where the host itself begins.

    controls  ladders that show the routers on the way, the host's own first
    named     the nearest hop that answered in the host's name on the flow, None for none
    genuine   the nearest that did so on a control, None where no control met the host
    """

    ladder: Ladder
    controls: tuple[Ladder, ...]
    named: Hop | None
    genuine: Hop | None


def origin_of(ladder: Ladder, controls: Iterable[Ladder]) -> Origin:
    """The origin of the answers on a ladder, beside controls to the same host."""
    host, beside = ladder.flow.destination, tuple(controls)
    hops = (first_in_name_of(control, host) for control in beside)
    return Origin(
        ladder=ladder,
        controls=beside,
        named=first_in_name_of(ladder, host),
        genuine=next((hop for hop in hops if hop is not None), None),
    )


def is_nearer(origin: Origin) -> bool:
    """True if a hop limit that cannot reach the host drew an answer in its name."""
    if origin.named is None or origin.genuine is None:
        return False
    return origin.named.distance < origin.genuine.distance


def is_own(origin: Origin) -> bool:
    """True if the answers begin where the host itself begins."""
    if origin.named is None or origin.genuine is None:
        return False
    return origin.named.distance == origin.genuine.distance


def claim_on(origin: Origin, forged: Mechanism, own: Mechanism) -> Claim:
    """Where the answers were made: on the path before the host, by the host, or by one of them.

    forged, own  the mechanism on the path, and at the host or where it is not known
    """
    if origin.named is not None and is_nearer(origin):
        return _segment(origin, origin.named, forged)
    last = last_expiry(origin.ladder)
    after: Locus = Landmark.EDGE if last is None else last.sender
    if is_own(origin):
        return at_destination(after, own, Certainty.PROVEN)
    # A box may answer from before the first hop that was heard.
    return one_of(LOST_OUTSIDE, None, own)


def _segment(origin: Origin, named: Hop, forged: Mechanism) -> Claim:
    """A router that answers itself is met at its own distance, and sends with its own hop limit.

    A box whose packets arrive otherwise is only known to lie within two hops: one that sees
    packets forwarded is not met by those that expire there.
    """
    maker = _router(origin, named.distance)
    before = _router(origin, named.distance - 1)
    after: Locus = Landmark.EDGE if named.distance == 1 else _sender(before)
    if maker is not None and _limit(maker) == _limit(named) and after is not None:
        return made_at(after, maker.sender, forged)
    farther = _router(origin, named.distance - 2)
    after = Landmark.EDGE if named.distance <= 2 else _sender(farther)
    return between(after, _sender(maker), forged)


def _router(origin: Origin, distance: int) -> Hop | None:
    hops = (hop_at(ladder, distance) for ladder in (origin.ladder, *origin.controls))
    return next((hop for hop in hops if hop is not None and is_expiry(hop)), None)


def _sender(hop: Hop | None) -> Locus:
    return None if hop is None else hop.sender


def _limit(hop: Hop) -> int | None:
    return None if hop.reply is None else received_hop_limit(hop.reply)
