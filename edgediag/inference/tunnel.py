"""What the rules read of the traffic between this node's own daemon and a gateway."""

from collections.abc import Iterable
from typing import Final

from edgediag.inference.forms import varied
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.reply import IcmpReply
from edgediag.model.tunnel import IkeExchange, IkeTransaction, PassingCount, PassingKind
from edgediag.model.variation import Change
from edgediag.tunnel.heard import Heard, heard_of

# A response to IKE_AUTH that accepts has an identity (12 octets at least), 40 of AUTH, and where a
# child SA comes of it 84 of SA and selectors, all in SK behind 28 of header: more than 110 with any
# cipher. One notification alone has 65 (AES-GCM) to 96 (AES-CBC with SHA2-512). Measured: 80 with
# AES-CBC and SHA2-256.
MOST_OCTETS_OF_AN_ERROR: Final = 100

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


def heard(evidence: FlowEvidence, host: HostState) -> Heard | None:
    """What passed to and from the gateway of a check, None for other checks and without a tap."""
    traffic = host.tunnel_traffic
    if ProbeKind.IKE_SA_INIT not in evidence.target.kinds or isinstance(traffic, NotChecked):
        return None
    return heard_of(evidence.flow, traffic)


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
