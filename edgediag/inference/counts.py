"""What trains of questions count: how many of them were lost."""

from collections.abc import Iterable
from typing import TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.train import Train

Count: TypeAlias = tuple[int, int]
"""Questions that were lost, of how many that left."""


def is_whole(train: Train) -> bool:
    """True if the questions were to reach the destination, and not to expire on the way."""
    return isinstance(train.hop_limit, NotChecked)


def lost_of(trains: Iterable[Train]) -> Count:
    """The count of some trains together."""
    trains = tuple(trains)
    sent = sum(train.sent for train in trains)
    return sent - sum(train.answered for train in trains), sent


def trains_of(evidence: FlowEvidence) -> tuple[Train, ...]:
    """All trains that the evidence of a check holds."""
    return () if isinstance(evidence.trains, NotChecked) else evidence.trains


def own_trains(evidence: FlowEvidence) -> tuple[Train, ...]:
    """The trains of the check's own question that were to reach the destination."""
    own = evidence.target.check
    return tuple(
        train for train in trains_of(evidence) if train.check == own and is_whole(train)
    )
