"""What a capture file holds, as values."""

from dataclasses import dataclass
from enum import Enum

from edgediag.wire.link_type import LinkType


class FrameDirection(Enum):
    """The lowest bits of a packet's flags (draft-ietf-opsawg-pcapng-01 §4.3.1)."""

    UNKNOWN = 0
    INBOUND = 1
    OUTBOUND = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Where and by what a file was written; "" is left out."""

    hardware: str
    operating_system: str
    application: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureInterface:
    """One vantage point.

    dropped  packets that were seen there and lost before they could be recorded
    """

    name: str
    description: str
    link_type: LinkType
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One captured packet.

    interface        its place among the interfaces, counted from 0
    seen_ns          since the epoch
    original_length  not less than `octets` has
    comment          "" for none
    """

    interface: int
    seen_ns: int
    direction: FrameDirection
    octets: bytes
    original_length: int
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A capture file; frames in the order recorded: the first is Wireshark's number 1."""

    section: Section
    interfaces: tuple[CaptureInterface, ...]
    frames: tuple[Frame, ...]
