"""The packet on its way through the hooks, and what this host attaches to it."""

from dataclasses import dataclass, replace
from enum import Enum

from edgediag.host.walk.octets import Octets, big_number, joined, known, native_number, unknown
from edgediag.model.flow import Flow, Protocol

NUMBERS = {Protocol.ICMP: 1, Protocol.TCP: 6, Protocol.UDP: 17}
_SYN = 0x02


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One IPv4 packet without options, no fragment, at one place of its way.

    state       what connection tracking will say once it has seen the packet
    is_tracked  whether it has seen it
    original    the flow as connection tracking saw it first
    uid, gid    of the socket that sends it; None where no socket belongs to it
    has_dnat, has_snat  a rule has set up a translation
    blurred     header octets that rules have rewritten: base, offset and length of each stretch
    is_for_here   routing has said that it is delivered to this host
    is_route_due  something has changed that makes this host route a packet of its own again
    is_reply      it answers `original`, whose translations are known
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
    is_for_here: bool
    is_route_due: bool
    is_reply: bool

    @property
    def ct_state(self) -> CtState:
        """What a rule is told: invalid, as long as connection tracking has not seen the packet."""
        is_told = self.is_tracked or self.state is CtState.UNTRACKED
        return self.state if is_told else CtState.INVALID


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
        is_for_here=False,
        is_route_due=False,
        is_reply=False,
    )


def port_octets(port: int, word: str) -> Octets:
    """A port, where 0 stands for one that is not known; the word says what would tell it."""
    return big_number(port) if port else unknown(2, word)


def parcel_in(flow: Flow, incoming: Interface, state: CtState) -> Parcel:
    """The packet as a device hands it up: no mark, no user."""
    sender = Sender(mark=0, uid=None, gid=None, state=state)
    return replace(parcel_of(flow, sender), incoming=incoming)


def answer_to(parcel: Parcel) -> Parcel:
    """The answer to a packet that has left, as it comes back by the same device."""
    return replace(
        parcel,
        source=parcel.destination,
        destination=parcel.source,
        source_port=parcel.destination_port,
        destination_port=parcel.source_port,
        incoming=parcel.outgoing,
        outgoing=NO_INTERFACE,
        state=CtState.ESTABLISHED,
        is_tracked=False,
        blurred=frozenset(),
        is_reply=True,
        mark=native_number(0),
        uid=None,
        gid=None,
    )


def network_header(parcel: Parcel) -> Octets:
    """RFC 791 §3.1 as far as it is known: a header without options, of a packet in one piece."""
    return joined(
        (
            known(b"\x45"),
            unknown(1, "ip dscp"),
            unknown(2, "ip length"),
            unknown(2, "ip id"),
            # DF may be set or not; the reserved bit, MF and the offset are 0.
            Octets(value=bytes(2), known=b"\xbf\xff", reason="ip flags"),
            unknown(1, "ip ttl"),
            known(bytes([NUMBERS[parcel.protocol]])),
            unknown(2, "ip checksum"),
            parcel.source,
            parcel.destination,
        )
    )


def transport_header(parcel: Parcel) -> Octets:
    """RFC 768, RFC 9293 §3.1 or RFC 792, as far as the flow and its state tell."""
    match parcel.protocol:
        case Protocol.ICMP:
            # An echo request or its reply; the flow's ports are its identifier.
            is_first = parcel.state is CtState.NEW
            kind = known(b"\x08\x00") if is_first else unknown(2, "icmp type")
            kind = known(bytes(2)) if parcel.is_reply else kind
            return joined((kind, unknown(2, "icmp checksum"), parcel.source_port))
        case Protocol.UDP:
            return joined((parcel.source_port, parcel.destination_port))
        case Protocol.TCP:
            is_first = parcel.state is CtState.NEW
            flags = big_number(_SYN, 1) if is_first else unknown(1, "tcp flags")
            numbers = unknown(9, "tcp sequence")
            return joined((parcel.source_port, parcel.destination_port, numbers, flags))
