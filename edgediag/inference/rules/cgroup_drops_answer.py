"""An answer that came through netfilter, and that a control group's program takes."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.programs import dropping, in_words, on_groups, sole
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import has_come_back
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject
from edgediag.model.drops import TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Unanswered
from edgediag.model.verdict import Finding, Mechanism

ID = "cgroup-drops-answer"

_PLACE = "at ingress of a control group"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A BPF program of a control group drops the answer at the socket.

    Holds because   the tap saw the answer come in, the socket never got it, and the kernel, asked
                    to run the ingress programs of this process's groups on a copy of it, says that
                    one drops it. Where nothing traced the answer, it ended there at the latest.
                    Where the kernel cannot be asked, those that stand there are possible causes
    Does not hold   where the answer is known to have ended before, or every program lets the copy
                    pass, or one drops as well a copy of what is known to have passed; nor over UDP,
                    whose answers are not made up here. Several that drop it are all named, and none
                    is accused alone
    Asks for        the tap, the trace, the programs' verdicts on a copy of the answer
    source          net/core/filter.c, sk_filter_trim_cap: BPF_CGROUP_RUN_PROG_INET_INGRESS
    """
    outcome, trace = outcome_of(evidence), evidence.trace
    if not isinstance(outcome, Unanswered) or not has_come_back(outcome):
        return None
    is_traced = not isinstance(trace, NotChecked)
    if is_traced and not (isinstance(trace, TracePassed) and trace.is_delivered):
        return None
    came = "came to the end of INPUT" if is_traced else "came in"
    programs = dropping(evidence, CgroupProgramObject)
    if programs:
        said = f"run on a copy of it, the program {in_words(programs)} {_PLACE} drops it"
        claim = on_this_host(Mechanism.CGROUP_DROP, sole(programs))
    elif is_traced and isinstance(evidence.program_verdicts, NotChecked):
        said = _possible(host)
        claim = on_this_host(Mechanism.LOCAL_DROP, None)
    else:
        return None
    if not said:
        return None
    text = f"the answer {came} and not to the socket; {said}"
    remedy = "bpftool cgroup tree: ask whoever attached it to the group of this process"
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))


def _possible(host: HostState) -> str:
    programs = on_groups(host, "ingress")
    if isinstance(programs, NotChecked) or not programs:
        return ""
    return f"the program {in_words(programs)} stands {_PLACE}, and what it says is not known"
