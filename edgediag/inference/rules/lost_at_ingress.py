"""An answer that the tap saw and netfilter did not."""

from edgediag.inference.claim import finding
from edgediag.inference.kernel_word import support
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.inference.rules.lost_at_egress import claim_on
from edgediag.meaning import has_come_back
from edgediag.model.drops import Drop, TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Unanswered
from edgediag.model.route import Route
from edgediag.model.verdict import Finding

ID = "lost-at-ingress"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A tc filter of the device drops the answer.

    Holds because   the tap saw the answer come in, no hook of nf_tables met one, and meanwhile the
                    device's own filters counted drops: between the tap and the first hook stand
                    these filters alone
    Does not hold   where nf_tables met an answer, or no filter counted a drop. A filter is named
                    where the device has one alone
    Asks for        the tap, the trace, the counters of drops, the tc filters
    source          net/core/dev.c, __netif_receive_skb_core: taps, sch_handle_ingress, nf_ingress
    """
    outcome, trace, route = outcome_of(evidence), evidence.trace, evidence.route
    if not isinstance(outcome, Unanswered) or not has_come_back(outcome):
        return None
    if not isinstance(trace, TracePassed) or trace.is_received or not isinstance(route, Route):
        return None
    counted = [
        item
        for item in evidence.drops
        if item.drop is Drop.TC_FILTER and item.interface == route.interface
    ]
    if len(counted) != 1:
        return None
    claim, name = claim_on(counted[0], "ingress", host)
    text = f"the answer came in by {route.interface}, and {name} counted its drop"
    text += support(evidence, is_reply=True)
    remedy = f"tc -s qdisc show dev {route.interface}; tc filter show dev {route.interface} ingress"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))
