"""The gateway is silent to this node's own daemon, and not to the probe."""

from typing import Final

from edgediag.inference.claim import finding, lost_outside, one_of
from edgediag.inference.tunnel import Heard, heard, name_of, times
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.tunnel import IkeExchange, IkeTransaction
from edgediag.model.verdict import Finding, Landmark, Mechanism

ID = "ike-unanswered"

# libreswan repeats a request after 0.5 s and then twice as late each time, strongSwan after 4 s.
_LEAST_REQUESTS: Final = 2
_LEAST_SILENCE_S: Final = 2.0
# The round trip to a gateway, and its time to compute a key, are shorter.
_LATE_S: Final = 2.0

_JUDGED: Final = (
    IkeExchange.SA_INIT,
    IkeExchange.AUTH,
    IkeExchange.CREATE_CHILD_SA,
    IkeExchange.INFORMATIONAL,
)


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Requests of this node's own daemon leave again and again, and nothing answers them.

    Holds because   the probe was answered, so the gateway's daemon is there and the path carries
                    short IKE both ways; the daemon's own request left again and again, and no
                    tap saw an answer within two seconds. It is lost by its length or its kind, or
                    the gateway does not know what it belongs to
    Does not hold   where a request of the same exchange was answered meanwhile, or ESP came from
                    the gateway: the tunnel carries; where frames were lost to the tap; where the
                    probe itself is not answered, for then its own walk says more; after a finding
                    on a form of the probe, which has a place
    Asks for        the requests of this node's own daemon, ESP on the tunnel's port, the taps
    source          RFC 7296 §2.1, §2.4
    """
    found = heard(evidence, host)
    if found is None or found.is_fed or not found.is_whole:
        return None
    exchange = next((item for item in _JUDGED if _is_silent(found, item)), None)
    if exchange is None:
        return None
    requests = sum(item.requests for item in found.own(exchange))
    text = (
        f"{name_of(exchange)} of this node's own daemon left {times(requests)} in "
        f"{found.listened_s:.1f} s, and {evidence.flow.destination}, which answers the probe, "
        "answered none: it is lost on the path, or the gateway passes over it"
    )
    remedy = (
        "see in the log of the gateway's IKE daemon whether these requests come in; if not, ask "
        "whoever runs the path what is filtered on udp port 4500"
    )
    claim = one_of(lost_outside(host), Landmark.EDGE, Mechanism.SILENT_DROP)
    return finding(ID, evidence, claim, (text, remedy, ()))


def _is_silent(found: Heard, exchange: IkeExchange) -> bool:
    asked = found.own(exchange)
    return not any(item.responses for item in asked) and any(
        _is_given_up(item, found) for item in asked
    )


def _is_given_up(transaction: IkeTransaction, found: Heard) -> bool:
    """True if it was sent more than once, and not answered for long enough.

    What came in before the listening began is not known: IKE_AUTH follows IKE_SA_INIT within
    milliseconds, so one that was heard late, and alone, is a repetition.
    """
    begun = {item.initiator_spi for item in found.own(IkeExchange.SA_INIT)}
    is_late = transaction.exchange is IkeExchange.AUTH and transaction.first_s >= _LATE_S
    is_alone = transaction.initiator_spi not in begun
    is_repeated = transaction.requests >= _LEAST_REQUESTS or (is_late and is_alone)
    return is_repeated and found.listened_s - transaction.first_s >= _LEAST_SILENCE_S
