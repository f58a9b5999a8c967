"""An answer that a program of the device drops before any tap."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.kernel_word import masked, spoken
from edgediag.inference.reading import is_lost, outcome_of, packets_of
from edgediag.model.culprit import XdpProgramObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Link
from edgediag.model.verdict import Finding, Mechanism

ID = "xdp-drops-answer"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """An XDP program of this host drops the answer.

    Holds because   the kernel dropped a packet of the answer where it runs the program of a device,
                    which is before any tap: that nothing was seen to come back says nothing of the
                    path then, for something came
    Does not hold   where the tap saw an answer. A driver that runs the program on frames alone has
                    no packet to tell of yet, and the rule stays silent
    Asks for        the kernel's word, the tap, the XDP program of the device
    source          net/core/dev.c, do_xdp_generic; drivers/net/veth.c, veth_xdp_rcv_skb
    """
    drop = masked(evidence)
    if drop is None or not is_lost(evidence):
        return None
    link = evidence.link
    culprit = None
    if isinstance(link, Link) and link.name == drop.interface and link.xdp_program is not None:
        culprit = XdpProgramObject(interface=link.name, program=link.xdp_program)
    text = (
        f"the answer came in by {drop.interface}, and its XDP program dropped it before any tap: "
        f"the kernel says {spoken(drop)}"
    )
    remedy = f"ip -d link show dev {drop.interface}; ip link set dev {drop.interface} xdp off"
    claim = on_this_host(Mechanism.XDP_DROP, culprit)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
