"""What the network can say to a probe, as a closed union of small values."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.packet import MplsLabel, UdpChecksum


@dataclass(frozen=True, slots=True, kw_only=True)
class SynAck:
    """The port is open, says somebody in the host's name; `hop_limit` as received."""

    hop_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A TCP reset in the host's name; `hop_limit` as received."""

    hop_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoReply:
    """An answer to an echo request; `hop_limit` as received."""

    hop_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelledEcho:
    """An answer to an echo that went through an overlay.

    is_bare    it came outside of the overlay; then the checksum is not known
    mac        to which the frame inside was addressed, "" for a bare one
    checksum   of the outer UDP header of the answer
    hop_limit  of the outer packet, as received
    """

    is_bare: bool
    mac: str
    checksum: UdpChecksum
    hop_limit: int


class IcmpKind(Enum):
    """The errors that locate something (RFC 792; RFC 1812 §5.2.7.1 for the prohibitions)."""

    TIME_EXCEEDED = "time-exceeded"
    NET_UNREACHABLE = "net-unreachable"
    HOST_UNREACHABLE = "host-unreachable"
    PROTOCOL_UNREACHABLE = "protocol-unreachable"
    PORT_UNREACHABLE = "port-unreachable"
    FRAGMENTATION_NEEDED = "fragmentation-needed"
    ADMIN_PROHIBITED = "admin-prohibited"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpReply:
    """An ICMP error that quotes the probe.

    sender            who made it
    hop_limit         of the error itself, as received
    quoted_hop_limit  of the probe, as the sender saw it
    labels            of MPLS that the probe had there, the outermost first
    """

    kind: IcmpKind
    type_: int
    code: int
    sender: Address
    hop_limit: int
    quoted_hop_limit: int
    labels: tuple[MplsLabel, ...] | NotChecked = ()


class IkeAnswer(Enum):
    """How an IKE gateway answered; each proves the path and the daemon (RFC 7296 §3.10.1)."""

    NO_PROPOSAL_CHOSEN = "no-proposal-chosen"
    INVALID_SYNTAX = "invalid-syntax"
    INVALID_KE_PAYLOAD = "invalid-ke-payload"
    COOKIE = "cookie"
    SA_INIT = "sa-init"
    OTHER_NOTIFY = "other-notify"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAs:
    """From where an IKE gateway saw the probe (RFC 7296 §2.23), comparable where the SPIs are one.

    spi     the responder's, digest  over both SPIs, address and port; both in hexadecimal
    is_own  it saw the very address and port that the probe was sent from
    """

    spi: str
    digest: str
    is_own: bool


NOT_TOLD: Final = NotChecked(reason="the gateway does not say from where it sees this node")


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeReply:
    """An IKE_SA_INIT response to the probe's SPI; `notify` is the notify type, 0 for none."""

    answer: IkeAnswer
    notify: int
    hop_limit: int
    seen_as: SeenAs | NotChecked = NOT_TOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class NtpReply:
    """An NTP server's answer (RFC 5905 §7.3).

    stratum   0 = kiss-o'-death, 1 to 15 synchronised, 16 not
    leap      3 = clock not synchronised
    kiss      the four letters of a kiss-o'-death, or ""
    offset_s  server clock minus ours; None where the answer carries no time
    """

    stratum: int
    leap: int
    kiss: str
    offset_s: float | None
    hop_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsReply:
    """A resolver's answer (RFC 1035 §4.1.1); addresses in the order given."""

    rcode: int
    addresses: tuple[Address, ...]
    is_truncated: bool
    hop_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The kernel's own connect() succeeded, and no more was asked.

    hop_limit  of the SYN-ACK as received, None where no tap saw it
    """

    hop_limit: int | None


class TlsAnswer(Enum):
    """What came back after a ClientHello on a connection that stood."""

    SERVER_HELLO = "server-hello"
    ALERT = "alert"
    NOT_TLS = "not-tls"
    CLOSED = "closed"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsReply:
    """What followed the ClientHello (RFC 8446 §4.1.3, §6).

    alert      its number, 0 for none
    hop_limit  of the reset as received, None where there was none or no tap saw it
    """

    answer: TlsAnswer
    alert: int
    hop_limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyReply:
    """What a forward proxy says to CONNECT (RFC 9110 §9.3.6).

    status  of its answer, 0 where it does not speak HTTP
    """

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOctets:
    """What the far end of a connection sent, counted in octets from its first.

    sent     at least, by the sequence numbers that it tells
    seen     by the tap, up to the first gap
    due      of these, what came long enough ago for a socket to have it
    taken    by the socket
    quiet_s  how long after it acknowledged ours it told its number last, 0 where it did not again
    source   RFC 9293 §3.4, §3.8.4: an answer to a keep-alive bears the next number to be sent
    """

    sent: int
    seen: int
    due: int
    taken: int
    quiet_s: float

    @property
    def is_missing(self) -> bool:
        """True if some of it never came to this host."""
        return self.sent > max(self.seen, self.taken)

    @property
    def is_withheld(self) -> bool:
        """True if some of it came to this host and not to the socket."""
        return self.due > self.taken


NOT_COUNTED: Final = NotChecked(reason="the octets of the far end were not counted")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedMute:
    """connect() succeeded and the octets sent were never answered, or not to the end.

    A reset that this host made itself before they left, or while it withheld an answer, is no word
    of the far end's.

    has_left         the tap saw them leave, or did not see the connection at all
    is_acknowledged  the tap saw an acknowledgement that covers them
    hop_limit        of the SYN-ACK as received, None where no tap saw it
    octets           what the far end sent
    """

    has_left: bool
    is_acknowledged: bool
    hop_limit: int | None
    octets: AnswerOctets | NotChecked = NOT_COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """Octets with a hop limit were acknowledged in the host's name; `hop_limit` as received."""

    hop_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketError:
    """The socket reported an error after the probe was sent, such as "ECONNREFUSED"."""

    errno_name: str


Reply: TypeAlias = (
    SynAck
    | Reset
    | EchoReply
    | TunnelledEcho
    | IcmpReply
    | IkeReply
    | NtpReply
    | DnsReply
    | Connected
    | TlsReply
    | ProxyReply
    | ConnectedMute
    | Acknowledged
    | SocketError
)
