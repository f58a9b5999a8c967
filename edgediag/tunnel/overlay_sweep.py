"""The sweeps of an overlay's frames: from several source ports, and by length where long are lost.

The kernel sends from a port for each flow inside (RFC 7348 §5), so of several equal paths one that
is dead takes a share of the flows, and a single port tells nothing of the others.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgediag.instruments import Bench
from edgediag.meaning import is_returned
from edgediag.model.answer import NotChecked
from edgediag.model.outcome import Outcome, Unanswered
from edgediag.model.overlay_trial import OverlayForm
from edgediag.model.probe import Probe
from edgediag.tunnel.overlay_asking import (
    draw_frame,
    draw_long,
    extended,
    outcome,
    outcomes,
    settle,
)
from edgediag.tunnel.overlay_peers import Trial

# Beside the port of the trial itself: five flows all take one of two equal paths once in 16 runs.
LEGS: Final = 4

# Eight lengths at a time leave a ninth of what was open: four rounds find the very octet within a
# packet of 6,561. An IPv4 packet of 65,535 is told to some twelve.
AT_ONCE: Final = 8
ROUNDS: Final = 4

# The echo of a frame as it is built is 84 octets long inside, as ping(8) makes it.
_PLAIN_OCTETS: Final = 134


def legs(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    """The plain frame from other source ports that the kernel may choose."""
    flows = (replace(trial.flow, source_port=bench.supply.port()) for _ in range(LEGS))
    return [
        (OverlayForm.LEG, draw_frame(bench, replace(trial, flow=flow), trial.inside))
        for flow in flows
    ]


def legs_again(bench: Bench, trial: Trial) -> list[tuple[OverlayForm, Probe]]:
    """All source ports once more, where some came back and others did not: chance does not repeat.

    The port of the plain frame is among them.
    """
    known = (
        *outcomes(bench, trial, OverlayForm.PLAIN),
        *outcomes(bench, trial, OverlayForm.LEG),
    )
    if len({is_returned(item) for item in known}) < 2:
        return []
    flows = (item.probe.flow for item in known)
    return [
        (OverlayForm.LEG, draw_frame(bench, replace(trial, flow=flow), trial.inside))
        for flow in flows
    ]


def narrowed(bench: Bench, trials: Sequence[Trial]) -> list[Trial]:
    """The trials, those whose long frames alone are lost with the lengths between asked as well."""
    found = list(trials)
    for _ in range(ROUNDS):
        more = [_lengths(bench, trial) for trial in found]
        if not any(more):
            break
        found = [
            extended(bench, trial, [_of_length(bench, trial, octets) for octets in wanted])
            for trial, wanted in zip(found, more, strict=True)
        ]
        settle(bench, found)
    return found


def _of_length(bench: Bench, trial: Trial, octets: int) -> tuple[OverlayForm, Probe]:
    return OverlayForm.LENGTH, draw_long(bench, trial, octets)


def _lengths(bench: Bench, trial: Trial) -> list[int]:
    """The next lengths to ask, ascending; none where the longest that comes back is known."""
    is_short_returned = is_returned(outcome(bench, trial, OverlayForm.PLAIN))
    whole = outcome(bench, trial, OverlayForm.SIZE)
    if not is_short_returned or not isinstance(whole, Unanswered):
        return []
    known = {_octets(item): item for item in outcomes(bench, trial, OverlayForm.LENGTH)}
    passed = (octets for octets, item in known.items() if is_returned(item))
    low = max(passed, default=_PLAIN_OCTETS)
    lost = (octets for octets in known if octets > low)
    high = min(lost, default=trial.octets)
    return between(low, high)


def between(low: int, high: int) -> list[int]:
    """At most eight lengths between two, both left out, as evenly as may be."""
    parts = AT_ONCE + 1
    return sorted({low + (high - low) * part // parts for part in range(1, parts)} - {low, high})


def _octets(item: Outcome) -> int:
    padding = item.probe.padding
    return 0 if isinstance(padding, NotChecked) else padding.size_octets
