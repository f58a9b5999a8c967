"""What became of a probe: exactly one of three values."""

from dataclasses import dataclass
from typing import TypeAlias

from edgediag.model.flow import Flow
from edgediag.model.packet import Sighting
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """A packet of the probe's conversation that a tap or a sender saw.

    number     its place in the capture, counted from 1
    interface  the device's name; "" for a packet handed to the IP stack
    rewritten  the flow on the wire, where this host had made another of it; else None
    """

    number: int
    sighting: Sighting
    interface: str
    rewritten: Flow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The probe was answered.

    rtt_s  from the try that was answered, or from the last try where that is not known
    tries  how many were sent
    seen   every packet of the conversation that was captured, in the order seen
    """

    probe: Probe
    reply: Reply
    rtt_s: float
    tries: int
    seen: tuple[Sighted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Nobody answered within the probe's schedule."""

    probe: Probe
    waited_s: float
    tries: int
    seen: tuple[Sighted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFailed:
    """The kernel refused to send it; `errno_name` such as "EPERM"."""

    probe: Probe
    errno_name: str
    seen: tuple[Sighted, ...]


Outcome: TypeAlias = Answered | Unanswered | SendFailed
