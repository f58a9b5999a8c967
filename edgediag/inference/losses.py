"""Where a loss begins, read out of questions that expire at every router at a gentle pace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgediag.inference.claim import between, lost_outside, one_of
from edgediag.inference.counts import Count, is_whole, lost_of
from edgediag.inference.share import chance_of_so_few, interval, log_likelihood, rise
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Protocol
from edgediag.model.host import HostState
from edgediag.model.train import Train
from edgediag.model.verdict import Claim, Landmark, Locus, Mechanism

# The least share that must be lost for certain: TCP and IKE bear less than this.
LEAST_SHARE = 0.03

# What is lost where nothing is wrong.
_SOUND_SHARE = 0.01

# Of a hundred places that are said, one may be wrong.
CONFIDENCE = 0.99

# Of a thousand routers that answer as they are asked, one may be taken for a thrifty one.
_CHANCE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSegment:
    """Between which two hops packets are lost.

    routers   all that answered at the first hop behind the loss and beyond
    is_narrow no router that answers lies between the two
    """

    after: Locus
    upto: Locus
    routers: frozenset[Address]
    is_narrow: bool


def is_lossy(count: Count) -> bool:
    """True if so much is lost for certain that protocols suffer, and not all."""
    lost, sent = count
    return 0 < sent and lost < sent and interval(lost, sent)[0] >= LEAST_SHARE


def loses_as_much(count: Count, shares: tuple[float, float]) -> bool:
    """True if a count is likelier where one of these shares is lost than where nothing is wrong.

    shares  the least and the most
    """
    lost, sent = count
    share = min(max(lost / sent, shares[0]), shares[1])
    return log_likelihood(lost, sent, share) > log_likelihood(lost, sent, _SOUND_SHARE)


def claim_of(segment: LossSegment | None, host: HostState) -> Claim:
    """What may be said of a loss that begins there; None where nobody knows where it begins."""
    outside = lost_outside(host)
    if segment is None:
        return one_of(outside, None, Mechanism.LOSS)
    if segment.upto is Landmark.HOST or (segment.after is Landmark.EDGE and len(outside) > 2):
        return one_of(outside, segment.after, Mechanism.LOSS)
    return between(segment.after, segment.upto, Mechanism.LOSS)


def loss_begins(
    trains: Iterable[Train], check: str, confidence: float = CONFIDENCE
) -> LossSegment | None:
    """The segment in which a check's packets are lost, None where its routers were not counted.

    In front of it nothing, or little, of what expires goes unanswered; behind it as much is lost as
    on the way to the host. A router that loses more than what lies beyond it saves its errors, and
    one that never answers tells nothing: both are left out, and the segment is the wider for it.
    """
    own = [train for train in trains if train.check == check]
    host = lost_of(filter(is_whole, own))
    hops = _spending(_hops(own), host)
    if not hops or not host[1]:
        return None
    low, high = rise([*(lost_of(hop) for hop in hops), host], LEAST_SHARE, confidence)
    beyond = {router for hop in hops[high:] for train in hop if (router := _router(train))}
    return LossSegment(
        after=Landmark.EDGE if low < 0 else _named(hops[low]),
        upto=Landmark.HOST if high == len(hops) else _named(hops[high]),
        routers=frozenset(beyond),
        is_narrow=high - low == 1,
    )


def _hops(own: Iterable[Train]) -> list[list[Train]]:
    """The trains that expired somewhere, by hop from the nearest; none where a limit was walked."""
    walked = [train for train in own if not is_whole(train)]
    if any(train.protocol is Protocol.ICMP for train in walked):
        return []
    limits = sorted({train.hop_limit for train in walked if isinstance(train.hop_limit, int)})
    hops = ([train for train in walked if train.hop_limit == limit] for limit in limits)
    return [hop for hop in hops if any(map(_router, hop))]


def _spending(hops: Sequence[list[Train]], host: Count) -> list[list[Train]]:
    """The hops that answer all that comes to them, as far as those beyond them tell."""
    counts = [*(lost_of(hop) for hop in hops), host]
    return [
        hop
        for place, hop in enumerate(hops)
        if not any(
            beyond[1] and chance_of_so_few(beyond, counts[place]) <= _CHANCE
            for beyond in counts[place + 1 :]
        )
    ]


def _router(train: Train) -> Address | None:
    return None if isinstance(train.expired_at, NotChecked) else train.expired_at


def _named(hop: Iterable[Train]) -> Locus:
    return next((router for train in hop if (router := _router(train))), None)
