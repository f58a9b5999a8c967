"""A packet of a new connection that a full connection-tracking table refuses."""

from typing import Final

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import blamed
from edgediag.inference.reading import not_permitted, outcome_of, packets_of
from edgediag.inference.sysctls import number_of
from edgediag.meaning import has_left, is_answered_well
from edgediag.model.culprit import ConntrackObject
from edgediag.model.drops import Drop, TraceDropped, TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "conntrack-full"

_COUNT: Final = "net.netfilter.nf_conntrack_count"
_LIMIT: Final = "net.netfilter.nf_conntrack_max"
# Entries come and go between the drop and the reading.
_NEARLY: Final = 0.99


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The table of connections is full, and the packet of a new one is dropped.

    Holds because   the kernel refuses to send the packet (EPERM) and no rule ended it; connection
                    tracking counted drops of its own meanwhile, which it does only for what it
                    cannot track, and its table holds as many entries as it may
    Does not hold   where the counter stood still, or there is room in the table: then it may have
                    refused somebody else, whose connection two packets began at once; nor for what
                    the kernel took and did not send, which may wait for its next hop; nor for what
                    came to the end of POSTROUTING, or was dropped elsewhere by the kernel's word
    Asks for        the errno of the attempts, the trace, the counters of drops, the sysctls, the
                    kernel's word
    source          net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc and nf_conntrack_in;
                    Documentation/networking/nf_conntrack-sysctl.rst
    """
    outcome = outcome_of(evidence)
    if is_answered_well(outcome) or has_left(outcome):
        return None
    if isinstance(evidence.trace, TraceDropped) or blamed(evidence, is_reply=False) is not None:
        return None
    if isinstance(evidence.trace, TracePassed) and evidence.trace.is_sent:
        return None
    if not any(item.drop is Drop.CONNTRACK for item in evidence.drops):
        return None
    if not not_permitted(evidence):
        return None
    entries, limit = number_of(host, _COUNT), number_of(host, _LIMIT)
    if entries is None or not limit or entries < limit * _NEARLY:
        return None
    text = (
        f"connection tracking holds {entries} of {limit} entries and counted drops of its own: "
        "no new connection is let out"
    )
    remedy = (
        f"conntrack -L: find whose entries they are; raise {_LIMIT}, or shorten the timeouts under "
        "net.netfilter"
    )
    claim = on_this_host(
        Mechanism.CONNTRACK_FULL, ConntrackObject(entries=entries, limit=limit)
    )
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))
