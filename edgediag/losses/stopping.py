"""When the walk of a loss may end: its place is known, or more questions would not tell it.

The counts are looked at after every question. That deceives more often than one look: so what
ends a walk is asked to be surer than what is said afterwards.
"""

from collections.abc import Sequence

from edgediag.inference.counts import Count, lost_of
from edgediag.inference.losses import LossSegment, loss_begins
from edgediag.model.train import Train

# Of eight a router that answers at all answers one; and meanwhile the host was counted anew.
AT_LEAST = 8

# Five at once and half a minute: of a loss of a third the place is known in 99 runs of 100, mostly
# after 17 questions, and of a tenth in 17.
AT_MOST = 36

# So often every router is asked; where by the share of what was lost AT_MOST would not tell either,
# the place is said as it is known by then.
ENOUGH = 32

CONFIDENCE = 0.995

# Where six flows met one router, a second that shares them evenly is ruled out in 97 runs of 100.
ALIKE = 6


def may_end(counted: Sequence[Train], walked: Sequence[Train], asked: int) -> bool:
    """True if the place of a loss is known as well as questions to the routers can tell it.

    counted  of one check what was to reach its host, walked what was to expire on the way
    asked    how often every router was asked
    """
    if asked < AT_LEAST:
        return False
    if asked >= AT_MOST:
        return True
    found = loss_begins((*counted, *walked), counted[0].check, CONFIDENCE)
    if found is None:
        return True
    if found.is_narrow:
        return _is_acquainted(walked, found)
    return asked >= ENOUGH and not _is_telling(lost_of(counted))


def _is_acquainted(walked: Sequence[Train], found: LossSegment) -> bool:
    """True if the flows that were answered behind the loss met all routers that are there.

    By these it is told who shares the loss.
    """
    behind = [train for train in walked if train.expired_at in found.routers]
    nearest = min((_hop_limit(train) for train in behind), default=0)
    asked = [train for train in walked if _hop_limit(train) == nearest]
    met = [train.expired_at for train in asked if train.expired_at in found.routers]
    return len(set(met)) > 1 or len(met) >= min(ALIKE, len(asked))


def _hop_limit(train: Train) -> int:
    return train.hop_limit if isinstance(train.hop_limit, int) else 0


def _is_telling(count: Count) -> bool:
    """True if a router that answers AT_MOST questions is in front of such a loss for certain."""
    lost, sent = count
    return sent > 0 and (1 - lost / sent) ** AT_MOST <= 1 - CONFIDENCE
