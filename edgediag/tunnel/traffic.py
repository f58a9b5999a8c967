"""Datagrams on the tunnel's port, one by one, become what passed between this node and its peers.

Everything here is bounded, whoever sends it: a peer that this node speaks to finds room where one
that only speaks to this node does not.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from edgediag.compat import assert_never
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.tunnel import (
    EspPacket,
    EspStream,
    EspTaken,
    IkeExchange,
    IkeMessage,
    IkeTransaction,
    Keepalive,
    Passing,
    PassingCount,
    PassingKind,
    Proposal,
    TunnelPeer,
    UnknownDatagram,
    WireguardMessage,
)
from edgediag.model.xfrm import XfrmState

MAX_PEERS: Final = 64
MAX_STRANGERS: Final = 8
# Raven keeps one IKE SA for each pair of subnets, all between the same two addresses.
MAX_TRANSACTIONS: Final = 256
MAX_STREAMS: Final = 256
MAX_NOTIFIES: Final = 16

_WIREGUARD_DATA: Final = 4

_PeerKey: TypeAlias = tuple[Address, int, int]
_TransactionKey: TypeAlias = tuple[IkeExchange, str, int, bool]


@dataclass(slots=True, kw_only=True)
class _Transaction:
    """A transaction under way; times count from the start of the listening."""

    first_s: float
    last_s: float
    requests: int = 0
    responses: int = 0
    request_octets: int = 0
    response_octets: int = 0
    is_accepted: bool = False
    is_fragmented: bool = False
    notifies: set[int] = field(default_factory=set)
    proposals: tuple[Proposal, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Stream:
    first_s: float
    last_s: float
    packets: int = 0
    octets: int = 0


@dataclass(slots=True, kw_only=True)
class _Peer:
    transactions: dict[_TransactionKey, _Transaction] = field(default_factory=dict)
    streams: dict[tuple[bool, str], _Stream] = field(default_factory=dict)
    counts: Counter[tuple[PassingKind, bool]] = field(default_factory=Counter)
    interfaces: dict[bool, str] = field(default_factory=dict)
    is_whole: bool = True


class Traffic:
    """What passed since a moment."""

    def __init__(self, *, start_s: float) -> None:
        self._start_s = start_s
        self._peers: dict[_PeerKey, _Peer] = {}

    def tell(self, passing: Passing) -> None:
        """Count one datagram.

        A datagram that a bond, a VLAN or a bridge hands on shows on several devices: in each
        direction the first that showed the peer counts.
        """
        peer = self._peer(passing)
        if peer is None:
            return
        interface = peer.interfaces.setdefault(passing.is_sent, passing.interface)
        if interface != passing.interface:
            return
        match passing.datagram:
            case IkeMessage() as message:
                self._tell_ike(peer, passing, message)
            case EspPacket() as packet:
                self._tell_esp(peer, passing, packet)
            case Keepalive() | WireguardMessage() | UnknownDatagram() as counted:
                peer.counts[_kind(counted), passing.is_sent] += 1
            case _:
                assert_never(passing.datagram)

    def peers(self) -> tuple[TunnelPeer, ...]:
        """All of it, in the order of first appearance."""
        return tuple(_summary(key, peer) for key, peer in self._peers.items())

    def _peer(self, passing: Passing) -> _Peer | None:
        key = (passing.peer, passing.peer_port, passing.own_port)
        room = MAX_PEERS if passing.is_sent else MAX_STRANGERS
        if key not in self._peers and len(self._peers) >= room:
            return None
        return self._peers.setdefault(key, _Peer())

    def _tell_ike(self, peer: _Peer, passing: Passing, message: IkeMessage) -> None:
        is_own = passing.is_sent is not message.is_response
        key = (message.exchange, message.initiator_spi, message.message_id, is_own)
        at_s = passing.seen_s - self._start_s
        if key not in peer.transactions and len(peer.transactions) >= MAX_TRANSACTIONS:
            peer.is_whole = False
            return
        entry = peer.transactions.setdefault(key, _Transaction(first_s=at_s, last_s=at_s))
        entry.is_fragmented |= passing.is_fragment
        if not message.is_first:
            return
        if message.is_response:
            _answer(entry, message)
            return
        entry.requests += 1
        entry.request_octets = entry.request_octets or message.octets
        entry.last_s = at_s
        entry.proposals = message.proposals

    def _tell_esp(self, peer: _Peer, passing: Passing, packet: EspPacket) -> None:
        key, at_s = (passing.is_sent, packet.spi), passing.seen_s - self._start_s
        if key not in peer.streams and len(peer.streams) >= MAX_STREAMS:
            peer.is_whole = False
            return
        entry = peer.streams.setdefault(key, _Stream(first_s=at_s, last_s=at_s))
        entry.last_s = at_s
        entry.packets += 1
        entry.octets += packet.octets


def taken(
    before: tuple[XfrmState, ...] | NotChecked, after: tuple[XfrmState, ...] | NotChecked
) -> tuple[EspTaken, ...] | NotChecked:
    """The associations that carried something between two readings, or why that is not known.

    A driver or a daemon that has the kernel join packets early (UDP_GRO) takes ESP in before any
    tap sees it; the associations count it all the same.
    """
    if isinstance(before, NotChecked):
        return before
    if isinstance(after, NotChecked):
        return after
    old = {(item.source, item.destination, item.spi): item.octets for item in before}
    rises = (
        (item, item.octets - old.get((item.source, item.destination, item.spi), 0))
        for item in after
    )
    return tuple(
        EspTaken(source=item.source, spi=f"{item.spi:08x}", octets=rise)
        for item, rise in rises
        if rise > 0
    )[:MAX_STREAMS]


def _answer(entry: _Transaction, message: IkeMessage) -> None:
    entry.responses += 1
    entry.response_octets = min(entry.response_octets or message.octets, message.octets)
    entry.is_accepted |= message.has_sa
    if len(entry.notifies) < MAX_NOTIFIES:
        entry.notifies.update(message.notifies)


def _kind(datagram: Keepalive | WireguardMessage | UnknownDatagram) -> PassingKind:
    match datagram:
        case Keepalive():
            return PassingKind.KEEPALIVE
        case WireguardMessage(type_=type_):
            is_data = type_ == _WIREGUARD_DATA
            return PassingKind.WIREGUARD_DATA if is_data else PassingKind.WIREGUARD_HANDSHAKE
        case UnknownDatagram():
            return PassingKind.UNKNOWN
        case _:
            assert_never(datagram)


def _summary(key: _PeerKey, peer: _Peer) -> TunnelPeer:
    address, port, own_port = key
    return TunnelPeer(
        address=address,
        port=port,
        own_port=own_port,
        transactions=tuple(_transaction(*item) for item in peer.transactions.items()),
        streams=tuple(
            EspStream(
                is_sent=is_sent,
                spi=spi,
                packets=entry.packets,
                octets=entry.octets,
                first_s=entry.first_s,
                last_s=entry.last_s,
            )
            for (is_sent, spi), entry in peer.streams.items()
        ),
        counts=tuple(
            PassingCount(kind=kind, is_sent=is_sent, packets=count)
            for (kind, is_sent), count in peer.counts.items()
        ),
        is_whole=peer.is_whole,
    )


def _transaction(key: _TransactionKey, entry: _Transaction) -> IkeTransaction:
    exchange, spi, message_id, is_own = key
    return IkeTransaction(
        exchange=exchange,
        initiator_spi=spi,
        message_id=message_id,
        is_own=is_own,
        requests=entry.requests,
        responses=entry.responses,
        first_s=entry.first_s,
        last_s=entry.last_s,
        request_octets=entry.request_octets,
        response_octets=entry.response_octets,
        is_accepted=entry.is_accepted,
        is_fragmented=entry.is_fragmented,
        notifies=tuple(sorted(entry.notifies)),
        proposals=entry.proposals,
    )
