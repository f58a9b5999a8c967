"""How far up a node's way to its cluster works: the layers of an examination, from below."""

from dataclasses import dataclass
from enum import Enum


class LayerState(Enum):
    """What is known of a layer.

    OK          what was asked of it passes
    FAILED      it blocks by a fault of its own
    IMPAIRED    it is served badly, or what it does is not determined
    NOT_JUDGED  nothing speaks of it, or what fails in it fails by a layer below
    """

    OK = "ok"
    FAILED = "failed"
    IMPAIRED = "impaired"
    NOT_JUDGED = "not-judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReport:
    """One layer; `reason` says why it is not judged, and `checks` which rows speak of it."""

    name: str
    state: LayerState
    checks: tuple[str, ...]
    reason: str
