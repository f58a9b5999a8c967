"""Where a limit begins, read out of trains that expire."""

from collections.abc import Iterable

from edgediag.inference.counts import Count, is_whole, lost_of
from edgediag.inference.share import chance_of_so_few
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Protocol
from edgediag.model.train import Train
from edgediag.model.verdict import Landmark, Locus

# What comes at most so often is spared: no limit worth its name is below two a second.
_SLOW_S = 0.5

# Of a hundred counts in which loss does not depend on pace or kind, one may be called a limit.
_CHANCE = 0.01


def at_two_paces(trains: Iterable[Train]) -> list[tuple[Train, Train]]:
    """Of each check the quick and the slow train where the pace decides how much is lost."""
    whole = [train for train in trains if is_whole(train)]
    return [
        (quick, slow)
        for quick in whole
        for slow in whole
        if quick.check == slow.check
        and quick.spacing_s < _SLOW_S <= slow.spacing_s
        and is_spared(lost_of([slow]), lost_of([quick]))
    ]


def is_spared(slow: Count, quick: Count) -> bool:
    """True if the slow lose so much less than the quick that it is no chance."""
    return chance_of_so_few(slow, quick) <= _CHANCE


def limit_begins(trains: Iterable[Train], check: str) -> tuple[Locus, Address] | None:
    """The last hop in front of the limit and the first behind it, None where the walk cannot tell.

    In front of it a router answers all questions; all that are behind it together answer far fewer
    of them than of the echoes beside them. A router that answers no echo either tells nothing.
    Where one answers all behind one that does not, the limit is somewhere about both.
    """
    pairs = [(question, echo) for question, echo in _pairs(trains, check) if echo.answered]
    whole = [question.sent > 0 and question.answered == question.sent for question, _ in pairs]
    front = whole.index(False) if False in whole else len(whole)
    last = max((place for place, is_whole in enumerate(whole) if is_whole), default=-1)
    behind = pairs[last + 1 :]
    if not behind or not _is_limited(behind):
        return None
    after: Locus = (_router(pairs[front - 1][0]) if front else None) or Landmark.EDGE
    upto = _router(behind[0][1])
    return None if upto is None else (after, upto)


def routers_behind(trains: Iterable[Train], check: str, first: Address) -> frozenset[Address]:
    """Those that a check's walk of a limit met at a router and beyond it."""
    echoes = [echo for _, echo in _pairs(trains, check)]
    met = [router for echo in echoes if (router := _router(echo)) is not None]
    return frozenset(met[met.index(first) :] if first in met else ())


def _router(train: Train) -> Address | None:
    return None if isinstance(train.expired_at, NotChecked) else train.expired_at


def _is_limited(behind: list[tuple[Train, Train]]) -> bool:
    questions, echoes = (lost_of(kind) for kind in zip(*behind, strict=True))
    return is_spared(echoes, questions)


def _pairs(trains: Iterable[Train], check: str) -> list[tuple[Train, Train]]:
    walked = [train for train in trains if train.check == check and not is_whole(train)]
    questions = [train for train in walked if train.protocol is not Protocol.ICMP]
    echoes = [train for train in walked if train.protocol is Protocol.ICMP]
    return list(zip(questions, echoes, strict=False))
