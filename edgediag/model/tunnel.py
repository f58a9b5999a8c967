"""What passes on the tunnel's port between this node's own daemon and its gateways."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address


class IkeExchange(Enum):
    """The exchanges of IKEv2 (RFC 7296 §3.1)."""

    SA_INIT = "ike-sa-init"
    AUTH = "ike-auth"
    CREATE_CHILD_SA = "create-child-sa"
    INFORMATIONAL = "informational"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One algorithm of a proposal, by its IANA numbers; key_bits is 0 where none is said."""

    type_: int
    id_: int
    key_bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Algorithms that are offered together, in the order sent."""

    transforms: tuple[Transform, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeMessage:
    """An IKE message by what is in the clear.

    initiator_spi  of whoever began the IKE SA, 16 hexadecimal digits
    octets         of the message, without the marker before it
    is_first       no message, or the first, of those that RFC 7383 cuts one into
    has_sa         an SA payload stands in it unencrypted: it proposes, or it accepts
    notifies       types of the notifications that stand in it unencrypted
    """

    exchange: IkeExchange
    initiator_spi: str
    message_id: int
    is_response: bool
    octets: int
    is_first: bool
    has_sa: bool
    notifies: tuple[int, ...]
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EspPacket:
    """A packet of ESP in UDP; the SPI is the receiver's, 8 hexadecimal digits."""

    spi: str
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive:
    """One octet that holds the mapping of a NAT (RFC 3948 §2.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireguardMessage:
    """A message of WireGuard: 1 and 2 are the handshake, 3 a cookie, 4 carries data."""

    type_: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownDatagram:
    """Something else on the port."""

    octets: int


TunnelDatagram: TypeAlias = (
    IkeMessage | EspPacket | Keepalive | WireguardMessage | UnknownDatagram
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A datagram that passed on the tunnel's port.

    peer         who sent it, or to whom it was sent
    is_fragment  later fragments of it were not looked at
    """

    seen_s: float
    is_sent: bool
    interface: str
    peer: Address
    peer_port: int
    own_port: int
    is_fragment: bool
    datagram: TunnelDatagram


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeTransaction:
    """A request of IKE with its repetitions, and what was answered to it.

    is_own           this node asks
    request_octets   of the first request that was heard, 0 where only answers were
    first_s, last_s  when it was asked first and last, in seconds of the listening
    response_octets  of the shortest response, 0 for none
    is_accepted      a response has an SA payload in the clear
    is_fragmented    a part of it came in fragments of IP, of which only the first is seen
    notifies         in the clear, in responses, ascending
    proposals        of the request, where they are in the clear
    """

    exchange: IkeExchange
    initiator_spi: str
    message_id: int
    is_own: bool
    requests: int
    responses: int
    first_s: float
    last_s: float
    request_octets: int | NotChecked
    response_octets: int
    is_accepted: bool
    is_fragmented: bool
    notifies: tuple[int, ...]
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EspStream:
    """The packets of one SPI in one direction."""

    is_sent: bool
    spi: str
    packets: int
    octets: int
    first_s: float
    last_s: float


class PassingKind(Enum):
    """What is counted and not told apart any further."""

    KEEPALIVE = "keepalive"
    WIREGUARD_HANDSHAKE = "wireguard-handshake"
    WIREGUARD_DATA = "wireguard-data"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassingCount:
    """How many datagrams of a kind passed in one direction."""

    kind: PassingKind
    is_sent: bool
    packets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelPeer:
    """What passed between this node and one gateway, or somebody who asks this node.

    port          the peer's
    transactions  in the order in which each began
    streams       likewise
    is_whole      nothing was left out for want of room
    """

    address: Address
    port: int
    own_port: int
    transactions: tuple[IkeTransaction, ...]
    streams: tuple[EspStream, ...]
    counts: tuple[PassingCount, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EspTaken:
    """What a security association of the kernel carried meanwhile, by its own count.

    source  of the packets: the gateway for what comes in
    """

    source: Address
    spi: str
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelTraffic:
    """What was heard on the tunnel's port while the run lasted, without the run's own packets.

    lost   frames that the tap was too slow for; nothing is known of them
    peers  in the order of first appearance
    taken  associations of the kernel whose count rose, in its order
    """

    listened_s: float
    lost: int
    peers: tuple[TunnelPeer, ...]
    taken: tuple[EspTaken, ...] | NotChecked


NOT_LISTENED = NotChecked(reason="nobody listened to the tunnel's port")
