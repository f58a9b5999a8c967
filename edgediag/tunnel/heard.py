"""What this node's own daemon and one gateway said to each other, out of all that was heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow
from edgediag.model.tunnel import (
    EspStream,
    IkeExchange,
    IkeTransaction,
    PassingCount,
    TunnelPeer,
    TunnelTraffic,
)

# RFC 7296 §2.23: a daemon that finds a NAT goes on from the second.
_DAEMON_PORTS: Final = (500, 4500)

# RFC 7296 §3.3.2: transforms of type 1, and the ids of them that no daemon has by itself.
_ENCR: Final = 1
_PRIVATE_USE: Final = range(1024, 65536)

# libreswan repeats a request after 0.5 s and then twice as late each time, strongSwan after 4 s.
_LEAST_REQUESTS: Final = 2
_LEAST_SILENCE_S: Final = 2.0
# The round trip to a gateway, and its time to compute a key, are shorter.
_LATE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What passed between this node's daemon and one gateway.

    is_whole    nothing was lost or left out, so that what is missing was not there
    is_fed      ESP came from the gateway, by the tap or by the kernel's own count
    is_counted  the kernel's own count is known: it may take in ESP that no tap saw
    """

    listened_s: float
    is_whole: bool
    is_fed: bool
    is_counted: bool
    transactions: tuple[IkeTransaction, ...]
    streams: tuple[EspStream, ...]
    counts: tuple[PassingCount, ...]

    def own(self, *exchanges: IkeExchange) -> tuple[IkeTransaction, ...]:
        """What this node asked in these exchanges; a repetition may be all that was heard of it."""
        return tuple(
            item
            for item in self.transactions
            if item.is_own and item.requests and item.exchange in exchanges
        )

    def packets(self, *, is_sent: bool) -> int:
        """How many packets of ESP passed in one direction."""
        return sum(item.packets for item in self.streams if item.is_sent is is_sent)

    def unanswered(self, exchange: IkeExchange) -> tuple[IkeTransaction, ...]:
        """Requests of an exchange that left again and again; () where one of them was answered.

        Nor where ESP came from the gateway, or something may have come that was not heard.
        """
        asked = self.own(exchange)
        if self.is_fed or not self.is_whole or any(item.responses for item in asked):
            return ()
        return tuple(item for item in asked if self._is_given_up(item))

    def _is_given_up(self, transaction: IkeTransaction) -> bool:
        """True if it was sent more than once, and not answered for long enough.

        What came in before the listening began is not known: IKE_AUTH follows IKE_SA_INIT within
        milliseconds, so one that was heard late, and alone, is a repetition.
        """
        begun = {item.initiator_spi for item in self.own(IkeExchange.SA_INIT)}
        is_late = transaction.exchange is IkeExchange.AUTH and transaction.first_s >= _LATE_S
        is_alone = transaction.initiator_spi not in begun
        is_repeated = transaction.requests >= _LEAST_REQUESTS or (is_late and is_alone)
        return is_repeated and self.listened_s - transaction.first_s >= _LEAST_SILENCE_S


def heard_of(flow: Flow, traffic: TunnelTraffic) -> Heard:
    """What passed to and from the destination of a flow.

    flow  of a probe to a gateway; from which port it came does not matter
    """
    peers = [
        peer
        for peer in traffic.peers
        if (peer.address, peer.port) == (flow.destination, flow.destination_port)
        and peer.own_port in _DAEMON_PORTS
    ]
    passed = [item for peer in peers for item in peer.transactions]
    is_alone = not any(map(_is_probe, passed))
    return Heard(
        listened_s=traffic.listened_s,
        is_whole=traffic.lost == 0 and is_alone and all(peer.is_whole for peer in peers),
        is_fed=_is_fed(flow.destination, traffic, peers),
        is_counted=not isinstance(traffic.taken, NotChecked),
        transactions=tuple(item for item in passed if not _is_probe(item)),
        streams=tuple(item for peer in peers for item in peer.streams),
        counts=tuple(item for peer in peers for item in peer.counts),
    )


def _is_probe(transaction: IkeTransaction) -> bool:
    """True for a question as this program asks it, in another run: what no gateway can accept."""
    offered = [item for proposal in transaction.proposals for item in proposal.transforms]
    ciphers = [item for item in offered if item.type_ == _ENCR]
    return bool(ciphers) and all(item.id_ in _PRIVATE_USE for item in ciphers)


def _is_fed(gateway: Address, traffic: TunnelTraffic, peers: Sequence[TunnelPeer]) -> bool:
    counted = () if isinstance(traffic.taken, NotChecked) else traffic.taken
    return any(item.source == gateway for item in counted) or any(
        not stream.is_sent for peer in peers for stream in peer.streams
    )
