"""An answer that came through netfilter, and that a control group's program takes."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.programs import dropping, in_words, sole
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import has_come_back
from edgediag.model.culprit import CgroupProgramObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, TracePassed
from edgediag.model.outcome import Unanswered
from edgediag.model.verdict import Finding, Mechanism

ID = "cgroup-drops-answer"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A BPF program of a control group drops the answer at the socket.

    Holds because   the tap saw the answer come in, it came to the end of INPUT, the socket never
                    got it, and the kernel, asked to run the ingress programs of this process's
                    groups on a copy of it, says that one drops it
    Does not hold   where the answer did not come to the end of INPUT, or every program lets the
                    copy pass; nor over UDP, whose answers are not made up here. Several that drop
                    it are all named, and none is accused alone
    Asks for        the tap, the trace, the programs' verdicts on a copy of the answer
    source          net/core/filter.c, sk_filter_trim_cap: BPF_CGROUP_RUN_PROG_INET_INGRESS
    """
    outcome, trace = outcome_of(evidence), evidence.trace
    programs = dropping(evidence, CgroupProgramObject)
    if not programs or not isinstance(outcome, Unanswered) or not has_come_back(outcome):
        return None
    if not isinstance(trace, TracePassed) or not trace.is_delivered:
        return None
    text = (
        "the answer came to the end of INPUT and not to the socket; run on a copy of it, the "
        f"program {in_words(programs)} at ingress of a control group drops it"
    )
    remedy = "bpftool cgroup tree: ask whoever attached it to the group of this process"
    claim = on_this_host(Mechanism.CGROUP_DROP, sole(programs))
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))
