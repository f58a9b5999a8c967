"""Three answers, because "not checked" is not "no"."""

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """Yes, no, or nobody looked."""

    YES = "yes"
    NO = "no"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """A measurement that was not made, and why; it is printed, never skipped.

    reason  lower case, no full stop: "no next hop is known", "CAP_NET_ADMIN is missing"
    """

    reason: str


READ_ONCE = NotChecked(reason="it was read once")
