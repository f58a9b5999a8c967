"""An answer that an XDP program would take before anything could see it."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.programs import dropping, in_words, sole
from edgediag.inference.reading import is_lost, outcome_of, packets_of
from edgediag.model.culprit import XdpProgramObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "xdp-drops"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """An XDP program of the uplink drops the answer.

    Holds because   the probe left, no tap saw an answer, and the kernel, asked to run the program
                    on a copy of the answer, says that it drops it: whatever else there may be on
                    the path, this flow is not served before the program lets its answer pass
    Does not hold   where an answer was seen, or the program lets the copy pass, or drops as well a
                    copy of an answer that is known to have passed; nor over UDP, whose answers are
                    not made up here. A program that drops by time or by number may let
                    a copy pass and stays possible
    Asks for        the tap, the program's verdict on a copy of the answer
    source          net/core/dev.c, __netif_receive_skb_core: generic XDP before the taps, a
                    driver's own before there is a packet to tap; net/bpf/test_run.c
    """
    programs = dropping(evidence, XdpProgramObject)
    if not programs or not is_lost(evidence):
        return None
    device = programs[0].interface
    text = (
        f"the probe left, and no tap on {device} saw an answer; run on a copy of the answer, the "
        f"XDP program {in_words(programs)} drops it"
    )
    remedy = f"ip -d link show dev {device}: ask whoever attached it to let such answers pass"
    claim = on_this_host(Mechanism.XDP_DROP, sole(programs))
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
