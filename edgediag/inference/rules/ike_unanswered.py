"""The gateway is silent to this node's own daemon, and not to the probe."""

from collections.abc import Sequence
from typing import Final

from edgediag.inference.claim import finding, lost_outside, one_of
from edgediag.inference.forms import last_reached, reached, varied
from edgediag.inference.tunnel import heard, name_of, times
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.tunnel import IkeExchange
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Finding, Landmark, Locus, Mechanism

ID = "ike-unanswered"

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
    Asks for        the requests of this node's own daemon, ESP on the tunnel's port, the taps; of
                    IKE_AUTH a walk in its shape, which says behind which router it is lost at least
    source          RFC 7296 §2.1, §2.4
    """
    found = heard(evidence, host)
    if found is None:
        return None
    exchange = next((item for item in _JUDGED if found.unanswered(item)), None)
    if exchange is None:
        return None
    requests = sum(item.requests for item in found.own(exchange))
    text = (
        f"{name_of(exchange)} of this node's own daemon left {times(requests)} in "
        f"{found.listened_s:.1f} s, and {evidence.flow.destination}, which answers the probe, "
        "answered none: it is lost on the path, or the gateway passes over it"
    )
    walk = varied(evidence, Change.EXCHANGE) if exchange is IkeExchange.AUTH else ()
    remedy = (
        "see in the log of the gateway's IKE daemon whether these requests come in; if not, ask "
        "whoever runs the path what is filtered on udp port 4500"
    )
    claim = one_of(lost_outside(host), _after(walk), Mechanism.SILENT_DROP)
    return finding(ID, evidence, claim, (text + _walked(walk), remedy, ()))


def _after(walk: Sequence[Variation]) -> Locus:
    return next((last_reached(item) for item in walk), Landmark.EDGE)


def _walked(walk: Sequence[Variation]) -> str:
    """What a walk in its shape adds, "" where none was tried."""
    for item in walk:
        if isinstance(item.ladder, NotChecked):
            return f"; none in its shape was walked: {item.ladder.reason}"
        if reached(item):
            return f"; its shape is carried to hop {reached(item)}, to {last_reached(item)}"
    return ""
