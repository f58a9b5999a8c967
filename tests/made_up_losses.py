"""Losses made up by chance, and what a walk with perfect pace says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from random import Random

from edgediag.inference.losses import is_lossy, loss_begins
from edgediag.losses.roll_call import PACE
from edgediag.losses.stage import MUCH_LOST
from edgediag.losses.stopping import AT_LEAST, may_end
from edgediag.losses.train import QUICK
from edgediag.model.flow import Protocol
from edgediag.model.train import Train
from edgediag.model.verdict import Landmark, Locus
from story import GATEWAY, HOST, ROUTERS, addresses

CHECK = "api-server-6443"
HOPS = addresses(GATEWAY, *ROUTERS)
_PLACES: tuple[Locus, ...] = (Landmark.EDGE, *HOPS, Landmark.HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a walk came to.

    asked     how often every router was asked
    is_wrong  the segment that is said leaves out where the loss is
    """

    asked: int
    is_wrong: bool
    is_narrow: bool


def walk_of(share: float, behind: int, chance: Random) -> Said:
    """The walk of a loss of a share behind so many routers, that its check's count showed."""
    quick = _train(share, QUICK.count, chance)
    counts = [quick]
    while not is_lossy(_of(counts)):
        counts = [_train(share, QUICK.count, chance)]
        if 0 < counts[0].sent - counts[0].answered < MUCH_LOST:
            counts.append(_train(share, QUICK.count, chance))
    counts.append(_train(share, PACE.count, chance))
    hops = [[True] * AT_LEAST for _ in HOPS]
    for place, hop in enumerate(hops):
        hop[:] = [_passes(share, place, behind, chance) for _ in hop]
    while not may_end(counts, _expired(hops), len(hops[0])):
        for place, hop in enumerate(hops):
            hop.append(_passes(share, place, behind, chance))
    found = loss_begins((*counts, *_expired(hops)), CHECK)
    if found is None:
        raise AssertionError("the host was counted, and the routers answer")
    after, upto = _PLACES.index(found.after), _PLACES.index(found.upto)
    is_wrong = not after <= behind < upto
    return Said(asked=len(hops[0]), is_wrong=is_wrong, is_narrow=found.is_narrow)


def _passes(share: float, place: int, behind: int, chance: Random) -> bool:
    return place < behind or chance.random() >= share


def _train(share: float, sent: int, chance: Random) -> Train:
    answered = sum(chance.random() >= share for _ in range(sent))
    return Train(
        check=CHECK,
        protocol=Protocol.TCP,
        destination=ip_address(HOST),
        spacing_s=0.03,
        sent=sent,
        answered=answered,
        packets=(),
    )


def _of(trains: Sequence[Train]) -> tuple[int, int]:
    sent = sum(train.sent for train in trains)
    return sent - sum(train.answered for train in trains), sent


def _expired(hops: Sequence[Sequence[bool]]) -> tuple[Train, ...]:
    return tuple(
        Train(
            check=CHECK,
            protocol=Protocol.TCP,
            destination=ip_address(HOST),
            spacing_s=1.02,
            sent=len(hop),
            answered=sum(hop),
            packets=(),
            hop_limit=limit,
            expired_at=router if any(hop) else None,
        )
        for limit, (router, hop) in enumerate(zip(HOPS, hops, strict=True), start=1)
    )
