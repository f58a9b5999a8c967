"""Several who ask at once, each as soon as its own last questions have their outcomes."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from edgediag.model.probe import Probe
from edgediag.run import Loop

Turn: TypeAlias = Callable[[], tuple[Probe, ...]]
"""Submits the next questions and names them; none where all was asked."""


def take_turns(loop: Loop, turns: Sequence[Turn]) -> tuple[Probe, ...]:
    """Let all ask until none has a question left, or the run is stopped; what was asked."""
    asked: list[Probe] = []
    open_ = [(turn, probes) for turn in turns if (probes := turn())]
    while open_ and not loop.is_interrupted():
        loop.settle_one([probes for _, probes in open_])
        done = [(turn, probes) for turn, probes in open_ if loop.is_over(probes)]
        asked += (probe for _, probes in done for probe in probes)
        open_ = [item for item in open_ if item not in done]
        open_ += [(turn, probes) for turn, _ in done if (probes := turn())]
    return (*asked, *(probe for _, probes in open_ for probe in probes))
