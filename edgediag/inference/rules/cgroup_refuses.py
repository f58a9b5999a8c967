"""A packet that netfilter let pass and the kernel refused all the same."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import support
from edgediag.inference.programs import dropping, in_words, on_groups, sole
from edgediag.inference.reading import not_permitted, packets_of
from edgediag.meaning import has_left
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject
from edgediag.model.drops import Drop, TracePassed, TraceResult
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "cgroup-refuses"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A BPF program of a control group refuses the packet.

    Holds because   sending fails with EPERM although the packet came to the end of POSTROUTING:
                    behind that the egress programs of control groups refuse so.
                    Where that is not known, such a program that drops a copy of the packet shows as
                    much: the packet would have ended there at the latest
    Does not hold   where a packet of the flow left, or did not come through netfilter, or where no
                    such program is attached; where connection tracking counted drops of its own,
                    for it enters a new connection behind the last chain, and refuses in the same
                    words; where every program lets a copy of the packet pass. One is named where it
                    is the only one of those that do not, or the only one that drops a copy; of
                    several none is accused alone
    Asks for        the trace, the errno of the attempts, the tap, the counters of drops, the
                    programs of the groups of this process, their verdicts on a copy of the packet
    source          net/ipv4/ip_output.c, ip_finish_output: BPF_CGROUP_RUN_PROG_INET_EGRESS;
                    net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm
    """
    trace = evidence.trace
    dropped = dropping(evidence, CgroupProgramObject)
    if not _is_behind_netfilter(trace, bool(dropped)):
        return None
    if any(item.drop is Drop.CONNTRACK for item in evidence.drops):
        return None
    refused, attached = not_permitted(evidence), on_groups(host, "egress")
    if not refused or any(map(has_left, evidence.attempts)) or attached == ():
        return None
    text = "the kernel refused the packet with EPERM"
    if isinstance(trace, TracePassed):
        text = "the packet passed POSTROUTING, and the kernel refused it with EPERM behind that"
    text += support(evidence, is_reply=False)
    remedy = "bpftool cgroup tree: look for an egress program on the group of this process"
    programs = dropped or _not_acquitted(evidence, attached)
    if not isinstance(attached, NotChecked) and not programs:
        return None
    if programs:
        text += f", where the program {in_words(programs)} stands at egress of a control group"
    claim = on_this_host(Mechanism.CGROUP_DROP, sole(programs))
    return finding(ID, evidence, claim, (text, remedy, packets_of(refused)))


def _not_acquitted(
    evidence: FlowEvidence, attached: tuple[CgroupProgramObject, ...] | NotChecked
) -> tuple[CgroupProgramObject, ...]:
    """The programs that are known to stand there, but those that let a copy of the packet pass."""
    verdicts = evidence.program_verdicts
    asked = () if isinstance(verdicts, NotChecked) else verdicts
    passed = {item.program for item in asked if not item.is_dropped}
    known = () if isinstance(attached, NotChecked) else attached
    return tuple(program for program in known if program not in passed)


def _is_behind_netfilter(trace: TraceResult, is_dropped: bool) -> bool:
    """Whether the packet came as far as the programs, or would have ended there if it had."""
    if isinstance(trace, NotChecked):
        return is_dropped
    return isinstance(trace, TracePassed) and trace.is_sent
