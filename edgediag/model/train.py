"""One question asked many times at one pace, to count what is lost."""

from dataclasses import dataclass

from edgediag.model.flow import Address, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """A train of single packets, each a question of its own.

    check      the check whose question it is
    spacing_s  between two of them
    sent       those that were seen leaving
    answered   those of them that the destination answered
    packets    capture numbers, ascending
    """

    check: str
    protocol: Protocol
    destination: Address
    spacing_s: float
    sent: int
    answered: int
    packets: tuple[int, ...]
