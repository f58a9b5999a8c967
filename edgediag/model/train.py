"""One question asked many times at one pace, to count what is lost."""

from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Protocol

WHOLE: Final = NotChecked(reason="it is sent with a whole hop limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """A train of single packets, each a question of its own.

    check      the check whose question it is
    spacing_s  between two of them
    sent       those that were seen leaving
    answered   those of them that the destination answered, or the router where they expired
    hop_limit  of each packet, where it ends before the host
    expired_at the router that said so, None where none did
    packets    capture numbers, ascending
    reordered  answers that came in behind that of a later question, there or back (RFC 4737 §3.3)
    """

    check: str
    protocol: Protocol
    destination: Address
    spacing_s: float
    sent: int
    answered: int
    packets: tuple[int, ...]
    hop_limit: int | NotChecked = WHOLE
    expired_at: Address | None | NotChecked = WHOLE
    reordered: int = 0
