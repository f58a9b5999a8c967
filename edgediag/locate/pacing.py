"""When each walk starts and each silent flow is asked once more: routers spend few errors."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from edgediag.checked import Checked
from edgediag.locate.planned import Confirmation
from edgediag.meaning import decisive
from edgediag.model.outcome import Unanswered
from edgediag.path import RUNG_OFFSETS_S, Walk

# Routers answer six expiring probes of one source at once and then one a second: as many walks
# start together as all get their answers, the others follow a second apart.
WALKS_AT_ONCE = 6
WALK_SPACING_S = 1.0
MAX_WALKS = 12
# Some are kept for the controls, without which a walk says nothing.
MAX_OWN_WALKS = 8

# A limiter that passes two new connections a second has room for one after half a second.
CONFIRM_SPACING_S = 0.6
MAX_CONFIRMATIONS = 3

# A router, and a host, that has spent its errors has one again after a second.
ERROR_SPACING_S = 1.1


def staggered(walks: Sequence[Walk]) -> tuple[Walk, ...]:
    """The walks, each with its start."""
    return tuple(
        replace(walk, start_s=_start_s(place)) for place, walk in enumerate(walks)
    )


def starts_s(begun: int) -> tuple[float, ...]:
    """When further walks may start, the soonest first.

    begun  how many start before them
    """
    return tuple(map(_start_s, range(begun, begun + MAX_WALKS)))


def _start_s(place: int) -> float:
    return max(0, place - WALKS_AT_ONCE + 1) * WALK_SPACING_S


def confirmations(
    own: Sequence[Checked], limited: Sequence[Checked], walks: Sequence[Walk]
) -> tuple[Confirmation, ...]:
    """The silent flows to be asked once more.

    own      walked themselves
    limited  refused in their neighbour's name: not walked
    """
    # What probes everything at once can make its own failures: a limiter of new connections drops
    # most of a burst. So the silent ones are asked again, one by one, when nothing else is sent.
    quiet_s = max((walk.start_s for walk in walks), default=0.0) + RUNG_OFFSETS_S[-1]
    silent = [check for check in own if isinstance(decisive(check.attempts), Unanswered)]
    spacings = [(check, CONFIRM_SPACING_S) for check in silent[:MAX_CONFIRMATIONS]]
    spacings += [(check, ERROR_SPACING_S) for check in limited[:MAX_CONFIRMATIONS]]
    starts_s = accumulate((spacing_s for _, spacing_s in spacings), initial=quiet_s)
    next(starts_s)
    return tuple(
        Confirmation(check=check, start_s=start_s)
        for (check, _), start_s in zip(spacings, starts_s, strict=True)
    )
