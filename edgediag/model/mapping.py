"""How long a translator on the path keeps the mapping of an idle UDP flow."""

from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import Answer, NotChecked
from edgediag.model.flow import Address
from edgediag.model.path import Ladder

NOT_CLIMBED: Final = NotChecked(reason="no router is known to stand before the gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTrial:
    """One idle time, on a flow of its own.

    idle_s   between the last exchange and the question after it
    is_kept  the gateway saw the same address and port before and after; NO proves that the mapping
             was forgotten, YES alone proves nothing: some translators give the same port again
    packets  capture numbers
    """

    idle_s: float
    is_kept: Answer
    packets: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingLifetime:
    """What was tried with --nat-timeout.

    gateway    that was asked, None where none could be
    longest_s  the longest idle time wanted
    trials     by ascending idle time
    reason     why nothing is known, in words; "" where a mapping was seen to be forgotten
    ladder     to the gateway, on a flow of its own
    """

    gateway: Address | None
    longest_s: float
    trials: tuple[IdleTrial, ...]
    reason: str
    ladder: Ladder | NotChecked = NOT_CLIMBED
