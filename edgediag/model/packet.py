"""A packet as the wire carried it, decoded; the only model values that hold octets.

The payload stays octets, because only `edgediag.probes` knows what it means.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from edgediag.model.flow import Flow


class Sighting(Enum):
    """Where a packet was seen.

    HANDED_OVER  given to the kernel through the IP stack: it may never reach the wire
    FRAMED       given to the kernel at the link layer
    TAP_OUT      seen leaving an interface
    TAP_IN       seen arriving at an interface
    BRIDGED      seen on a bridge device, which only passes it on to or from its ports
    LATE         seen arriving after its socket was given up
    """

    HANDED_OVER = "handed-over"
    FRAMED = "framed"
    TAP_OUT = "tap-out"
    TAP_IN = "tap-in"
    BRIDGED = "bridged"
    LATE = "late"


LOOPBACK: Final = "lo"
"""The device of what a host sends to itself; Linux names it so in every network namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpSegment:
    """A TCP segment (RFC 9293 §3.1).

    flags  the flag letters present, in the order FSRPAUEC: "S", "SA", "RA"
    """

    flags: str
    sequence: int
    acknowledgement: int
    window: int
    payload: bytes


class UdpChecksum(Enum):
    """The checksum of a datagram as the wire has it (RFC 768).

    PARTIAL  of the pseudo header alone: a device was to finish it, and the packet met none
    UNKNOWN  not all of the datagram was kept
    """

    RIGHT = "right"
    NONE = "none"
    PARTIAL = "partial"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class UdpDatagram:
    """A UDP datagram (RFC 768); what is sent has a checksum that is right, or none."""

    payload: bytes
    checksum: UdpChecksum = UdpChecksum.RIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpEcho:
    """An echo request or reply (RFC 792 "Echo or Echo Reply Message")."""

    is_reply: bool
    identifier: int
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The packet of ours that an ICMP error quotes, as its sender saw it.

    hop_limit  what was left of it there
    ip_id      None in IPv6
    sequence   of a TCP segment or of an echo request, else None
    payload    of a datagram or a segment in IPv6 the beginning, as far as quoted, else b""
    """

    flow: Flow
    hop_limit: int
    ip_id: int | None
    sequence: int | None
    payload: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class MplsLabel:
    """An entry of the label stack under which a packet came to a router (RFC 3032 §2.1).

    is_bottom  no other follows
    ttl        what was left of the label's own hop limit there
    """

    label: int
    traffic_class: int
    is_bottom: bool
    ttl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpError:
    """An ICMP error message.

    quote   None where the quoted octets are too few or no TCP, UDP or echo packet
    labels  that the quoted packet had, the outermost first
    """

    type_: int
    code: int
    quote: Quote | None
    labels: tuple[MplsLabel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPayload:
    """A payload of no interest here; `number` is the IP protocol number."""

    number: int


Payload: TypeAlias = TcpSegment | UdpDatagram | IcmpEcho | IcmpError | OtherPayload


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One IP packet.

    flow   of an ICMP error or other payload: source and destination are right, the ports are 0
    ip_id  None in IPv6
    """

    flow: Flow
    hop_limit: int
    ip_id: int | None
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A packet, and when and where it was seen.

    number     its place in the run's capture file, counted from 1
    seen_s     kernel time stamp, seconds since the epoch
    interface  the device's name; "" for a packet handed to the IP stack
    """

    number: int
    seen_s: float
    sighting: Sighting
    interface: str
    packet: Packet
