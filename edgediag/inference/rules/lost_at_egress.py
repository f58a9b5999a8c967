"""A packet that passed netfilter and was dropped before the wire."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import support
from edgediag.inference.reading import is_held_up, outcome_of, packets_of
from edgediag.meaning import has_left, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import QdiscObject, TcFilterObject
from edgediag.model.drops import Drop, DropCount, TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.route import Route
from edgediag.model.verdict import Claim, Finding, Mechanism

ID = "lost-at-egress"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Traffic control of the device drops the packet.

    Holds because   the packet came to the end of POSTROUTING, no tap saw it leave, and meanwhile
                    one discipline of that very device counted drops: behind POSTROUTING and before
                    the tap stand the neighbour table, the egress hooks and the disciplines alone
    Does not hold   where no discipline of the device counted a drop, or several did; nor where the
                    packet may still wait for its next hop or a carrier: the drops are of others.
                    A filter is named where the device has one alone
    Asks for        the trace, the tap, the counters of drops, the tc filters, the neighbour entry
    source          net/core/dev.c, __dev_queue_xmit: sch_handle_egress before the discipline
    """
    trace, route = evidence.trace, evidence.route
    if not isinstance(trace, TracePassed) or not isinstance(route, Route) or not trace.is_sent:
        return None
    if is_held_up(evidence):
        return None
    outcome = outcome_of(evidence)
    counted = [item for item in evidence.drops if item.interface == route.interface]
    if has_left(outcome) or is_answered_well(outcome) or len(counted) != 1:
        return None
    claim, name = claim_on(counted[0], "egress", host)
    text = f"the packet passed POSTROUTING, and {name} on {route.interface} counted its drop"
    text += support(evidence, is_reply=False)
    remedy = f"tc -s qdisc show dev {route.interface}; tc filter show dev {route.interface} egress"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))


def claim_on(counted: DropCount, direction: str, host: HostState) -> tuple[Claim, str]:
    """What a discipline's counter says, and its name; a filter where the device has one alone."""
    name = f"{counted.discipline} {counted.handle}"
    if counted.drop is Drop.QDISC:
        qdisc = QdiscObject(
            interface=counted.interface, discipline=counted.discipline, handle=counted.handle
        )
        return on_this_host(Mechanism.QDISC_DROP, qdisc), name
    culprit = filter_alone(counted.interface, direction, host)
    return on_this_host(Mechanism.TC_DROP, culprit), f"a filter of {name}"


def filter_alone(interface: str, direction: str, host: HostState) -> TcFilterObject | None:
    """The filter of a device in one direction, None where it has none or several."""
    filters = () if isinstance(host.tc_filters, NotChecked) else host.tc_filters
    here = (interface, direction)
    alone = [item for item in filters if (item.interface, item.direction) == here]
    return alone[0] if len(alone) == 1 else None
