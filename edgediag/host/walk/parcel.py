"""The packet on its way through the hooks, and what this host attaches to it."""

from dataclasses import dataclass, replace
from enum import Enum

from edgediag.host.routes import PROTOCOL_NUMBERS
from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    big_number,
    both,
    equals,
    joined,
    known,
    native_number,
    negated,
    unknown,
)
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow, Protocol

_FIRST_FLAGS = Octets(value=b"\x02", known=b"\x3f", reason="tcp ecn")
# Request and reply, by the version of IP.
_ECHO = {4: (8, 0), 6: (128, 129)}
# RFC 7042 Appendix B.1, by the version of IP.
_ETHERTYPES = {4: 0x0800, 6: 0x86DD}
_ETHERTYPE_ARP = 0x0806
_MAC_OCTETS = 6


class CtState(Enum):
    """What connection tracking says of a packet; the value is its NF_CT_STATE_BIT."""

    INVALID = 1
    ESTABLISHED = 2
    RELATED = 4
    NEW = 8
    UNTRACKED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A network device; index 0 and name "" for none."""

    name: str
    index: int


NO_INTERFACE = Interface(name="", index=0)
NO_FRAME = unknown(14, "the link-layer header")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One IP packet without options or extension headers, no fragment, at one place of its way.

    state       what connection tracking will say once it has seen the packet
    is_tracked  whether it has seen it
    original    the flow as connection tracking saw it first
    uid, gid    of the socket that sends it; None where no socket belongs to it
    has_dnat, has_snat  a rule has set up a translation, be it to what it was before
    blurred     header octets that rules have rewritten: base, offset and length of each stretch
    is_confirmed  its connection has been entered in the table (IPS_CONFIRMED)
    is_for_here   routing has said that it is delivered to this host
    onward        the device that routing again has found, or why it is not known; None where a
                  packet was routed once
    is_reply      it answers a packet of this host
    was_new       it began a connection before a rule said that nobody is to track it
    gateway       the router by which it leaves, or by which an answer comes; None for none
    frame         the Ethernet header, as far as the hook that is walked knows it
    frame_is_to   to whom the frame is (PACKET_*), None where the address of IP tells it
    bridge        the bridge whose rules are asked, NO_INTERFACE where those of IP are
    arp           the message of ARP that goes in the packet's stead, None for the packet itself
    discovery     the same of neighbour discovery: an ICMPv6 message, field by field
    """

    protocol: Protocol
    source: Octets
    destination: Octets
    source_port: Octets
    destination_port: Octets
    incoming: Interface
    outgoing: Interface
    mark: Octets
    ct_mark: Octets
    state: CtState
    is_tracked: bool
    original: Flow
    uid: int | None
    gid: int | None
    has_dnat: bool
    has_snat: bool
    blurred: frozenset[tuple[int, int, int]]
    is_confirmed: bool
    is_for_here: bool
    onward: Interface | NotChecked | None
    is_reply: bool
    was_new: bool
    gateway: Address | None
    frame: Octets
    frame_is_to: Octets | None
    bridge: Interface
    arp: Octets | None
    discovery: tuple[Octets, ...] | None

    @property
    def is_opening(self) -> bool:
        """Whether it begins what it belongs to: a SYN, an echo request."""
        return self.state is CtState.NEW or (self.state is CtState.UNTRACKED and self.was_new)

    @property
    def version(self) -> int:
        """Of IP: 4 or 6."""
        return self.original.destination.version

    @property
    def ethertype(self) -> int:
        """What its frame says that it carries."""
        return _ETHERTYPES[self.version] if self.arp is None else _ETHERTYPE_ARP

    @property
    def number(self) -> int:
        """Of its protocol, in the IP header."""
        return PROTOCOL_NUMBERS[self.protocol, self.version]

    @property
    def is_dnat(self) -> Truth:
        """Whether conntrack says DNAT: only where the destination is now another."""
        first = self.original.destination, self.original.destination_port, "--dport"
        return self.has_dnat and self._is_other(self.destination, self.destination_port, first)

    @property
    def is_snat(self) -> Truth:
        """Whether conntrack says SNAT: only where the source is now another."""
        first = self.original.source, self.original.source_port, "--sport"
        return self.has_snat and self._is_other(self.source, self.source_port, first)

    def _is_other(self, address: Octets, port: Octets, first: tuple[Address, int, str]) -> Truth:
        if self.is_in_reply_direction:
            return Unsure(reason="a translation of the connection")
        began = port_octets(first[1], first[2])
        is_port = equals(port, began.value) if began.is_known else Unsure(reason=began.reason)
        return negated(both(equals(address, first[0].packed), is_port))

    @property
    def ct_state(self) -> CtState:
        """What a rule is told: invalid, as long as connection tracking has not seen the packet."""
        # Of a message of neighbour discovery connection tracking says so itself.
        is_said = self.state is CtState.UNTRACKED and self.discovery is None
        is_told = self.is_tracked or is_said
        return self.state if is_told else CtState.INVALID

    @property
    def has_connection(self) -> bool:
        """Whether there is a connection that rules can ask or mark."""
        return self.ct_state not in (CtState.INVALID, CtState.UNTRACKED)

    @property
    def is_in_reply_direction(self) -> bool:
        """Whether it belongs to the connection that `original` began (IP_CT_DIR_REPLY)."""
        return self.is_reply and self.ct_state is CtState.ESTABLISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a packet carries beside its headers; uid and gid None where they are not known."""

    mark: int
    uid: int | None
    gid: int | None
    state: CtState


def parcel_of(flow: Flow, sender: Sender) -> Parcel:
    """The packet as it leaves the socket; a port 0 stands for one that is not known."""
    is_new = sender.state is CtState.NEW
    return Parcel(
        protocol=flow.protocol,
        source=known(flow.source.packed),
        destination=known(flow.destination.packed),
        source_port=port_octets(flow.source_port, "--sport"),
        destination_port=port_octets(flow.destination_port, "--dport"),
        incoming=NO_INTERFACE,
        outgoing=NO_INTERFACE,
        mark=native_number(sender.mark),
        ct_mark=native_number(0) if is_new else unknown(4, "ct mark"),
        state=sender.state,
        is_tracked=False,
        original=flow,
        uid=sender.uid,
        gid=sender.gid,
        has_dnat=False,
        has_snat=False,
        blurred=frozenset(),
        is_confirmed=False,
        is_for_here=False,
        onward=None,
        is_reply=False,
        was_new=False,
        gateway=None,
        frame=NO_FRAME,
        frame_is_to=None,
        bridge=NO_INTERFACE,
        arp=None,
        discovery=None,
    )


def port_octets(port: int, word: str) -> Octets:
    """A port, where 0 stands for one that is not known; the word says what would tell it."""
    return big_number(port) if port else unknown(2, word)


def parcel_in(flow: Flow, incoming: Interface, state: CtState) -> Parcel:
    """The packet as a device hands it up: no mark, no user."""
    sender = Sender(mark=0, uid=None, gid=None, state=state)
    return replace(parcel_of(flow, sender), incoming=incoming)


def frame_of(parcel: Parcel, destination: bytes | None, source: bytes | None) -> Octets:
    """The Ethernet header of the packet without a tag; None for a MAC that is not known."""
    return joined(
        (
            unknown(_MAC_OCTETS, "ether daddr") if destination is None else known(destination),
            unknown(_MAC_OCTETS, "ether saddr") if source is None else known(source),
            big_number(parcel.ethertype),
        )
    )


def untracked(parcel: Parcel) -> Parcel:
    """The packet after a rule said that nobody is to track it; too late is of no effect."""
    if parcel.is_tracked:
        return parcel
    return replace(parcel, state=CtState.UNTRACKED, was_new=parcel.is_opening)


def network_header(parcel: Parcel) -> tuple[Octets, ...]:
    """RFC 791 §3.1 or RFC 8200 §3, field by field as far as it is known."""
    return _header_of_6(parcel) if parcel.version == 6 else _header_of_4(parcel)


def _header_of_6(parcel: Parcel) -> tuple[Octets, ...]:
    return (
        # Four bits of version; traffic class and flow label may be anything.
        Octets(value=b"\x60", known=b"\xf0", reason="ip6 dscp"),
        unknown(3, "ip6 flowlabel"),
        unknown(2, "ip6 length"),
        known(bytes([parcel.number])),
        # RFC 4861 §7.1: from a hop limit below, nobody takes a message of neighbour discovery.
        unknown(1, "ip6 hoplimit") if parcel.discovery is None else known(b"\xff"),
        parcel.source,
        parcel.destination,
    )


def _header_of_4(parcel: Parcel) -> tuple[Octets, ...]:
    return (
        known(b"\x45"),
        unknown(1, "ip dscp"),
        unknown(2, "ip length"),
        unknown(2, "ip id"),
        # DF may be set or not; the reserved bit, MF and the offset are 0.
        Octets(value=bytes(2), known=b"\xbf\xff", reason="ip flags"),
        unknown(1, "ip ttl"),
        known(bytes([parcel.number])),
        unknown(2, "ip checksum"),
        parcel.source,
        parcel.destination,
    )


def transport_header(parcel: Parcel) -> tuple[Octets, ...]:
    """RFC 768, RFC 9293 §3.1, RFC 792 or RFC 4443 §4, as far as the flow and its state tell."""
    if parcel.discovery is not None:
        return parcel.discovery
    match parcel.protocol:
        case Protocol.ICMP:
            # An echo request or its reply; the flow's ports are its identifier.
            request, reply = _ECHO[parcel.version]
            kind = known(bytes([request, 0])) if parcel.is_opening else unknown(2, "icmp type")
            kind = known(bytes([reply, 0])) if parcel.is_reply else kind
            return kind, unknown(2, "icmp checksum"), parcel.source_port
        case Protocol.UDP:
            return parcel.source_port, parcel.destination_port
        case Protocol.TCP:
            # ECE and CWR are set or not, as both ends will have it (RFC 3168 §6.1.1).
            flags = _FIRST_FLAGS if parcel.is_opening else unknown(1, "tcp flags")
            numbers = unknown(9, "tcp sequence")
            return parcel.source_port, parcel.destination_port, numbers, flags
