"""An answer that an XDP program takes before anything can see it."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import masked, spoken
from edgediag.inference.programs import dropping, in_words, sole
from edgediag.inference.reading import is_lost, outcome_of, packets_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import XdpProgramObject
from edgediag.model.drops import KernelDrop
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "xdp-drops"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """An XDP program of the uplink drops the answer.

    Holds because   the probe left, no tap saw an answer, and the kernel says that it dropped one
                    where it runs the program of a device; or, asked to run the program on a copy of
                    the answer, that the program drops it. Whatever else there may be on the path,
                    this flow is not served before the program lets its answer pass
    Does not hold   where an answer was seen, or where the kernel tells of no drop, as it does of a
                    driver that has no packet yet, and the program lets the copy pass, or drops as
                    well a copy of an answer that is known to have passed; answers over UDP are not
                    made up here. A program that drops by time or by number may let a copy pass and
                    stays possible
    Asks for        the tap, the kernel's word, the program's verdict on a copy of the answer
    source          net/core/dev.c, do_xdp_generic: generic XDP before the taps, a driver's own
                    before there is a packet to tap; drivers/net/veth.c, veth_xdp_rcv_skb;
                    net/bpf/test_run.c
    """
    programs, drop = dropping(evidence, XdpProgramObject), masked(evidence)
    if not (programs or drop) or not is_lost(evidence):
        return None
    attached = programs or _attached(drop, host)
    device = drop.interface if drop else programs[0].interface
    text = f"the probe left, and no tap on {device} saw an answer"
    if drop is not None:
        text += f": one came in and was dropped there by XDP, the kernel says {spoken(drop)}"
    if programs:
        text += f"; run on a copy of the answer, the XDP program {in_words(programs)} drops it"
    remedy = f"ip -d link show dev {device}: ask whoever attached it to let such answers pass"
    claim = on_this_host(Mechanism.XDP_DROP, sole(attached))
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))


def _attached(drop: KernelDrop | None, host: HostState) -> tuple[XdpProgramObject, ...]:
    if drop is None or isinstance(host.xdp_programs, NotChecked):
        return ()
    return tuple(item for item in host.xdp_programs if item.interface == drop.interface)
