"""What the rules read of the traffic between this node's own daemon and a gateway."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from edgediag.inference.forms import varied
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.reply import IcmpReply
from edgediag.model.tunnel import (
    EspStream,
    IkeExchange,
    IkeTransaction,
    PassingCount,
    PassingKind,
    TunnelPeer,
    TunnelTraffic,
)
from edgediag.model.variation import Change

# A response to IKE_AUTH that accepts has an identity (12 octets at least), 40 of AUTH, and where a
# child SA comes of it 84 of SA and selectors, all in SK behind 28 of header: more than 110 with any
# cipher. One notification alone has 65 (AES-GCM) to 96 (AES-CBC with SHA2-512). Measured: 80 with
# AES-CBC and SHA2-256.
MOST_OCTETS_OF_AN_ERROR: Final = 100

# RFC 7296 §2.23: a daemon that finds a NAT goes on from the second.
_DAEMON_PORTS: Final = (500, 4500)

# RFC 7296 §3.3.2: transforms of type 1, and the ids of them that no daemon has by itself.
_ENCR: Final = 1
_PRIVATE_USE: Final = range(1024, 65536)

_EXCHANGE_NAMES: Final = {
    IkeExchange.SA_INIT: "IKE_SA_INIT",
    IkeExchange.AUTH: "IKE_AUTH",
    IkeExchange.CREATE_CHILD_SA: "CREATE_CHILD_SA",
    IkeExchange.INFORMATIONAL: "INFORMATIONAL",
    IkeExchange.OTHER: "other IKE",
}
_KIND_NAMES: Final = {
    PassingKind.KEEPALIVE: "keep-alives",
    PassingKind.WIREGUARD_HANDSHAKE: "WireGuard handshakes",
    PassingKind.WIREGUARD_DATA: "WireGuard data",
    PassingKind.UNKNOWN: "others",
}


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


def heard(evidence: FlowEvidence, host: HostState) -> Heard | None:
    """What passed to and from the gateway of a check, None for other checks and without a tap."""
    traffic = host.tunnel_traffic
    if ProbeKind.IKE_SA_INIT not in evidence.target.kinds or isinstance(traffic, NotChecked):
        return None
    flow = evidence.flow
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


def is_refused(transaction: IkeTransaction) -> bool:
    """True for an IKE_AUTH that drew no more than one error, as far as its length tells."""
    is_short = 0 < transaction.response_octets <= MOST_OCTETS_OF_AN_ERROR
    return is_short and not transaction.is_fragmented


def last_router(evidence: FlowEvidence) -> Address | None:
    """Where a datagram in the shape of ESP expired, one hop before the gateway."""
    for variation in varied(evidence, Change.SHAPE):
        for outcome in variation.attempts:
            if isinstance(outcome, Answered) and isinstance(outcome.reply, IcmpReply):
                return outcome.reply.sender
    return None


def name_of(exchange: IkeExchange) -> str:
    """The exchange as RFC 7296 writes it."""
    return _EXCHANGE_NAMES[exchange]


def times(count: int) -> str:
    """How often, in words."""
    return "once" if count == 1 else f"{count} times"


def heard_text(evidence: FlowEvidence, host: HostState) -> str:
    """What passed, in half a sentence; "" where nobody listened."""
    found = heard(evidence, host)
    if found is None:
        return ""
    during = f"in {found.listened_s:.1f} s"
    parts = (*_exchanges(found.transactions), *_esp(found), *_others(found.counts))
    if not parts:
        return f"nothing passed between this node's daemon and it {during}"
    return f"this node's daemon {during}: {', '.join(parts)}"


def _exchanges(transactions: Iterable[IkeTransaction]) -> tuple[str, ...]:
    every = tuple(transactions)
    said = []
    for exchange in IkeExchange:
        asked = [item for item in every if item.exchange is exchange]
        if asked:
            answered = sum(item.responses > 0 for item in asked)
            said.append(f"{answered} of {len(asked)} {name_of(exchange)} answered")
    return tuple(said)


def _esp(found: Heard) -> tuple[str, ...]:
    if not found.streams:
        return ()
    return (f"ESP {_out_and_in(*(found.packets(is_sent=way) for way in (True, False)))}",)


def _others(counts: Iterable[PassingCount]) -> tuple[str, ...]:
    every = {(item.kind, item.is_sent): item.packets for item in counts}
    pairs = {kind: [every.get((kind, way), 0) for way in (True, False)] for kind in PassingKind}
    return tuple(
        f"{_KIND_NAMES[kind]} {_out_and_in(*pair)}" for kind, pair in pairs.items() if any(pair)
    )


def _out_and_in(sent: int, received: int) -> str:
    return f"{sent} out and {received} in"
