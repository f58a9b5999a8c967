"""The time of a run: seconds since the epoch that never step back."""

import time
from datetime import datetime, timezone

# What a preemption between the readings of two clocks may feign.
_STEP_S = 0.001


class Clock:
    """The wall clock as it stood at the start, carried on by the monotonic clock.

    Linux slews both alike (adjtimex(2)), so they part only where somebody sets the wall clock.
    """

    def __init__(self) -> None:
        self._epoch_s = _epoch_s()

    def now_s(self) -> float:
        """Seconds since the epoch, never less than before."""
        return self._epoch_s + time.monotonic()

    def from_wall(self, wall_s: float) -> float:
        """A moment of the wall clock just past, such as a kernel time stamp, on this clock.

        The two differ only where the wall clock was set since the start.
        """
        step_s = _epoch_s() - self._epoch_s
        return wall_s - step_s if abs(step_s) > _STEP_S else wall_s


def utc_timestamp(epoch_s: float) -> str:
    """The moment as RFC 3339 writes it, in UTC to the second: "2026-11-22T21:00:00Z"."""
    return datetime.fromtimestamp(epoch_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _epoch_s() -> float:
    """What the wall clock shows more than the monotonic one."""
    # An interruption between the two readings only ever makes the difference smaller.
    return max(time.time() - time.monotonic() for _ in range(4))
