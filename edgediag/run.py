"""The loop: ask the session what to send, send it, receive, tell the session; no decisions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from edgediag.model.exchange import NextHop
from edgediag.model.flow import Address
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Probe
from edgediag.net.wire import Wire
from edgediag.path import is_climbed
from edgediag.session.machine import Session

# A signal is noticed within this time, also where nothing is due and nothing arrives.
MAX_WAIT_S = 0.1


class Clock(Protocol):
    """Where the loop learns the time."""

    def now_s(self) -> float:
        """Seconds since the epoch, never less than before."""


class Loop:
    """One session on one wire.

    is_stopped  asked between two steps: True ends every wait at once
    """

    def __init__(
        self, wire: Wire, session: Session, clock: Clock, *, is_stopped: Callable[[], bool]
    ) -> None:
        self._wire = wire
        self._session = session
        self._clock = clock
        self._is_stopped = is_stopped
        # Silence counts up to here: once the run is stopped, nobody listens any more.
        self._listened_s = clock.now_s()

    def now_s(self) -> float:
        """What time it is, by the run's clock, in seconds since the epoch."""
        return self._clock.now_s()

    def submit(self, probes: Iterable[Probe], next_hops: Mapping[int, NextHop]) -> None:
        """Let probes join those under way."""
        self._session.submit(probes, now_s=self._clock.now_s(), next_hops=next_hops)

    def until(self, is_done: Callable[[Session, float], bool]) -> None:
        """Send and receive until it is done, nothing is left to wait for, or the run is stopped."""
        while True:
            now_s = self._clock.now_s()
            self._send(now_s)
            if self._is_stopped():
                return
            self._listened_s = now_s
            wakeup_s = self._session.wakeup_s(now_s)
            if wakeup_s is None or is_done(self._session, now_s):
                return
            timeout_s = min(MAX_WAIT_S, max(0.0, wakeup_s - self._clock.now_s()))
            for event in self._wire.wait(timeout_s):
                self._session.tell(event)

    def settle(self, probes: Iterable[Probe]) -> None:
        """Send and receive until these probes have their outcomes."""
        ids = tuple(probe.id for probe in probes)
        self.until(lambda session, now_s: session.is_over(ids, now_s))

    def settle_one(self, groups: Sequence[Sequence[Probe]]) -> None:
        """Send and receive until all probes of one of the groups have their outcomes."""
        ids = [[probe.id for probe in group] for group in groups]
        self.until(lambda session, now_s: any(session.is_over(group, now_s) for group in ids))

    def climb(self, ladders: Iterable[Sequence[Probe]], others: Iterable[Probe]) -> None:
        """Send and receive until these ladders tell all they can, and the others their outcomes."""
        left, ids = list(ladders), tuple(probe.id for probe in others)

        def is_done(session: Session, now_s: float) -> bool:
            while left and is_climbed(
                [rung for rung in left[-1] if not session.is_withheld(rung)],
                lambda probe: session.outcome(probe, now_s),
            ):
                left.pop()
            return not left and session.is_over(ids, now_s)

        self.until(is_done)

    def is_climbed(self, rungs: Sequence[Probe]) -> bool:
        """True if nothing outstanding can change the ladder that these rungs make."""
        return is_climbed(rungs, lambda probe: self._session.outcome(probe, self._listened_s))

    def outcomes(self, probes: Iterable[Probe]) -> tuple[Outcome, ...]:
        """The outcomes as they stood when the network was listened to last."""
        return self._session.outcomes(probes, self._listened_s)

    def is_settled(self, probes: Iterable[Probe]) -> bool:
        """True if these probes have their outcomes."""
        return self._session.is_settled((probe.id for probe in probes), self._listened_s)

    def is_over(self, probes: Iterable[Probe]) -> bool:
        """True if these probes have their outcomes, or are withheld and never will."""
        return self._session.is_over((probe.id for probe in probes), self._listened_s)

    def is_withheld(self, probe: Probe) -> bool:
        """True if a probe is not asked, because its gateway was asked as often as it may be."""
        return self._session.is_withheld(probe)

    def withheld(self) -> Mapping[Address, int]:
        """How many questions a gateway was not asked, because the run asked it enough."""
        return self._session.withheld()

    def left_s(self, version: int, hop_limit: int) -> tuple[float, ...]:
        """When packets of an IP version were sent that end at a hop limit, in no order."""
        return self._session.left_s(version, hop_limit)

    def is_interrupted(self) -> bool:
        """True once the run is stopped, when nothing more is to be sent."""
        return self._is_stopped()

    def _send(self, now_s: float) -> None:
        for action in self._session.due(now_s):
            for event in self._wire.execute(action):
                self._session.tell(event)
