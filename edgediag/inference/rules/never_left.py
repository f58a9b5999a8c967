"""A probe that no tap saw leave."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import support
from edgediag.inference.reading import is_held_up, outcome_of, packets_of
from edgediag.meaning import has_left, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.drops import TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered, SendFailed
from edgediag.model.reply import SocketError
from edgediag.model.verdict import Finding, Mechanism

ID = "never-left"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The packet was lost between the socket and the wire.

    Holds because   the tap stands behind every egress hook and the qdisc, so what it does not see
                    was dropped on this host
    Does not hold   where any packet of the flow was seen leaving, or where it still waits for the
                    next hop's link-layer address or for a carrier: the other end may be at fault
    Asks for        the tap, the neighbour entry
    source          net/core/dev.c, __dev_queue_xmit and dev_queue_xmit_nit
    """
    outcome = outcome_of(evidence)
    if is_answered_well(outcome) or has_left(outcome) or is_held_up(evidence):
        return None
    if isinstance(outcome, SendFailed):
        text = f"the kernel refuses to send it ({outcome.errno_name}), and no packet left this host"
    elif isinstance(outcome, Answered) and isinstance(outcome.reply, SocketError):
        text = f"the socket says {outcome.reply.errno_name}, and no packet left this host"
    else:
        text = "the kernel took the packet, and it never reached the wire"
    remedy = "look at the output and egress hooks, tc filters and the qdisc of this host"
    if isinstance(evidence.trace, TracePassed) and not isinstance(host.legacy_tables, NotChecked):
        text += "; nf_tables saw it and let it pass"
        tables = ", ".join(table for table in host.legacy_tables if not table.startswith("arp "))
        if tables:
            remedy = f"iptables-legacy has rules in {tables}: iptables-legacy-save -c"
    text += support(evidence, is_reply=False)
    claim = on_this_host(Mechanism.LOCAL_DROP, None)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))
