"""When routers surely have an error left to say, worked out from what they were asked.

Linux keeps six errors for each source, and one more comes every second (net.ipv4.icmp_ratelimit =
1000 ms, XRLIM_BURST_FACTOR = 6); in IPv6 they come at least as fast. What a router did not get cost
it none, so that it has as many as this says, or more.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from typing import Final

from edgediag.run import Loop

# One of six is kept back: two questions may come closer together than they left.
AT_ONCE: Final = 5
REFILL_S: Final = 1.02


class Errors:
    """The errors that the routers of one path have left for this host.

    asked_s  for each router, when it was asked
    """

    def __init__(self, asked_s: Iterable[Iterable[float]]) -> None:
        self._asked_s = [sorted(moments) for moments in asked_s]

    @classmethod
    def of(cls, loop: Loop, version: int, hops: int) -> "Errors":
        """Those that the run's probes of an IP version left to the nearest routers."""
        return cls(loop.left_s(version, hop_limit) for hop_limit in range(1, hops + 1))

    def next_s(self, now_s: float) -> float:
        """The first moment from now on when each router has one."""
        return max((next_error_s(moments, now_s) for moments in self._asked_s), default=now_s)

    def spend(self, at_s: float) -> None:
        """Take note that each router is asked at a moment."""
        for moments in self._asked_s:
            insort(moments, at_s)


def next_error_s(asked_s: Sequence[float], now_s: float) -> float:
    """When a router has an error left, at the earliest now.

    asked_s  ascending; those to come are asked before
    """
    left, last_s = float(AT_ONCE), now_s
    for place, at_s in enumerate(asked_s):
        left = AT_ONCE if not place else min(AT_ONCE, left + (at_s - last_s) / REFILL_S)
        left, last_s = max(0.0, left - 1), at_s
    free_s = last_s + (1 - left) * REFILL_S if left < 1 else last_s
    return max(now_s, free_s)
