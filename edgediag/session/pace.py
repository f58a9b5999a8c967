"""The limit on how fast a run sends."""

# A tick of the run's loop may not be shorter than a few milliseconds on a busy node; what may be
# sent in one burst is what the rate allows in this time.
BURST_S = 0.01


class Pacer:
    """A token bucket over the time that it is told.

    rate_pps  packets a second, above 0
    """

    def __init__(self, *, rate_pps: float) -> None:
        self._rate_pps = rate_pps
        self._capacity = max(1.0, rate_pps * BURST_S)
        self._tokens = self._capacity
        self._filled_s: float | None = None

    def take(self, now_s: float) -> bool:
        """True if a packet may be sent now; it then counts as sent."""
        # By the same sum as `ready_s`: what rounds to nothing on the clock is not waited for.
        if self.ready_s(now_s) > now_s:
            return False
        self._tokens -= 1.0
        return True

    def spend(self, now_s: float) -> None:
        """Count a packet that cannot wait; those after it wait for it as well."""
        self._fill(now_s)
        self._tokens -= 1.0

    def ready_s(self, now_s: float) -> float:
        """The moment at which the next packet may be sent, not before `now_s`."""
        self._fill(now_s)
        missing = max(0.0, 1.0 - self._tokens)
        return now_s + missing / self._rate_pps

    def _fill(self, now_s: float) -> None:
        if self._filled_s is not None:
            gained = max(0.0, now_s - self._filled_s) * self._rate_pps
            self._tokens = min(self._capacity, self._tokens + gained)
        self._filled_s = now_s
