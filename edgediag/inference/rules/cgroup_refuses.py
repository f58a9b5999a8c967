"""A packet that netfilter let pass and the kernel refused all the same."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import support
from edgediag.inference.reading import packets_of
from edgediag.meaning import has_left
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, TracePassed
from edgediag.model.outcome import SendFailed
from edgediag.model.verdict import Finding, Mechanism

ID = "cgroup-refuses"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A BPF program of a control group refuses the packet.

    Holds because   sending fails with EPERM although the packet came to the end of POSTROUTING:
                    behind that, the egress programs of control groups alone refuse so
    Does not hold   where a packet of the flow left, or did not come through netfilter
    Asks for        the trace, the errno of the attempts, the tap
    source          net/ipv4/ip_output.c, ip_finish_output: BPF_CGROUP_RUN_PROG_INET_EGRESS
    """
    trace = evidence.trace
    if not isinstance(trace, TracePassed) or not trace.is_sent:
        return None
    refused = [
        item
        for item in evidence.attempts
        if isinstance(item, SendFailed) and item.errno_name == "EPERM"
    ]
    if not refused or any(map(has_left, evidence.attempts)):
        return None
    text = "the packet passed POSTROUTING, and the kernel refused it with EPERM behind that"
    text += support(evidence, is_reply=False)
    remedy = "bpftool cgroup tree: look for an egress program on the group of this process"
    claim = on_this_host(Mechanism.CGROUP_DROP, None)
    return finding(ID, evidence, claim, (text, remedy, packets_of(refused)))
