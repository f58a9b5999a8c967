"""A wire that plays recorded events: no socket, no real time, the same Protocol."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from edgediag.model.exchange import Action, Event, Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterAction:
    """An event that follows an action of a probe, and gets its time from it.

    ordinal  which of the probe's actions, counted from 1
    delay_s  0.0 for what `execute` itself returns
    """

    probe: int
    ordinal: int
    delay_s: float
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTime:
    """An event that happens at its own time, whatever was done before."""

    event: Event


Cue: TypeAlias = AfterAction | AtTime


class ReplayWire:
    """Plays cues; its time passes only while somebody waits.

    start_s  the moment at which it begins, seconds since the epoch
    dropped  what the taps of the recording lost
    """

    def __init__(self, cues: Iterable[Cue], *, start_s: float, dropped: int = 0) -> None:
        cues = tuple(cues)
        self._now_s = start_s
        self._dropped = dropped
        self._counts: Counter[int] = Counter()
        self._after = [cue for cue in cues if isinstance(cue, AfterAction)]
        self._due = [cue.event for cue in cues if isinstance(cue, AtTime)]
        self.actions: list[Action] = []

    def now_s(self) -> float:
        """The time of the replay; the run takes it in place of a clock."""
        return self._now_s

    def execute(self, action: Action) -> tuple[Event, ...]:
        """Note the action; what its cues say happens at once is returned, the rest falls due."""
        self.actions.append(action)
        self._counts[action.probe] += 1
        act = (action.probe, self._counts[action.probe])
        follows = [cue for cue in self._after if (cue.probe, cue.ordinal) == act]
        self._due += [_at(cue.event, self._now_s + cue.delay_s) for cue in follows if cue.delay_s]
        return tuple(_at(cue.event, self._now_s) for cue in follows if not cue.delay_s)

    def wait(self, timeout_s: float) -> tuple[Event, ...]:
        """Pass to the next moment at which something happens, or through the whole time."""
        next_s = min((_when_s(event) for event in self._due), default=None)
        until_s = self._now_s + max(0.0, timeout_s)
        if next_s is None or next_s > until_s:
            self._now_s = until_s
            return ()
        self._now_s = max(self._now_s, next_s)
        happened = tuple(event for event in self._due if _when_s(event) <= self._now_s)
        self._due = [event for event in self._due if _when_s(event) > self._now_s]
        return tuple(sorted(happened, key=_when_s))

    def dropped(self) -> int:
        """What the taps of the recording lost."""
        return self._dropped

    def close(self) -> None:
        """Nothing is open."""


def _when_s(event: Event) -> float:
    return event.observation.seen_s if isinstance(event, Observed) else event.at_s


def _at(event: Event, at_s: float) -> Event:
    if isinstance(event, Observed):
        return replace(event, observation=replace(event.observation, seen_s=at_s))
    return replace(event, at_s=at_s)
