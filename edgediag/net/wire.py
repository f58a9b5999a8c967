"""The seam that packets cross."""

from typing import Protocol

from edgediag.model.exchange import Action, Event


class Wire(Protocol):
    """What carries out a session's actions and says what came of them.

    Whatever the network or the kernel makes of a packet comes back as an event, never as an
    exception.
    """

    def execute(self, action: Action) -> tuple[Event, ...]:
        """Carry out one action, and return what is known of it at once."""

    def wait(self, timeout_s: float) -> tuple[Event, ...]:
        """What happened since, in bounded number; () when nothing did within the time."""

    def dropped(self) -> int:
        """How many packets the taps lost so far because they were read too slowly."""

    def close(self) -> None:
        """Give back every descriptor; a second call does nothing."""
