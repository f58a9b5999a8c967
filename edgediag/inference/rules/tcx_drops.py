"""A packet, or an answer, that is lost where a TCX program stands and where nothing counts."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.programs import dropping, in_words, sole
from edgediag.inference.reading import is_held_up, outcome_of, packets_of
from edgediag.meaning import has_come_back, has_left, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import TcFilterObject
from edgediag.model.drops import TraceDropped, TracePassed
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "tcx-drops"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A TCX program of the device drops the packet, or the answer to it.

    Holds because   no tap saw the packet leave, or the tap saw the answer and the socket never got
                    it; a TCX program stands on this way, and the kernel, asked to run it on a copy,
                    says that it drops it: it would have ended there at the latest
    Does not hold   where it is known to have ended before POSTROUTING, or to have come to a hook of
                    nf_tables, where the packet may still wait for its next hop or a carrier, or
                    where every program lets the copy pass; nor for answers over UDP, which are not
                    made up here
    Asks for        the tap, the trace, the programs' verdicts on a copy, the neighbour entry
    source          net/core/dev.c, sch_handle_egress, sch_handle_ingress: tcx_run counts no drop
    """
    outcome, trace = outcome_of(evidence), evidence.trace
    programs = dropping(evidence, TcFilterObject)
    if not programs or isinstance(trace, TraceDropped) or is_answered_well(outcome):
        return None
    is_sent = isinstance(trace, NotChecked) or trace.is_sent
    is_received = isinstance(trace, TracePassed) and trace.is_received
    is_sent_lost = is_sent and not has_left(outcome) and not is_held_up(evidence)
    is_answer_lost = has_come_back(outcome) and not is_received
    if not is_sent_lost and not is_answer_lost:
        return None
    device, direction = programs[0].interface, programs[0].direction
    text = (
        f"it is lost at {direction} of {device}; run on a copy of it, the TCX program "
        f"{in_words(programs)} drops it"
    )
    remedy = f"bpftool net show dev {device}: ask whoever attached it"
    claim = on_this_host(Mechanism.TC_DROP, sole(programs))
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome])))
