"""A probe that left and to which nothing came back."""

from edgediag.inference.claim import ANYWHERE, LOST_OUTSIDE, finding, one_of
from edgediag.inference.kernel_word import support
from edgediag.inference.ladders import is_next_hop_doubtful
from edgediag.inference.reading import is_lost, outcome_of, packets_of
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Link
from edgediag.model.verdict import Finding

ID = "left-this-host"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The block is not on this host.

    Holds because   the tap behind every egress hook saw the probe leave, and no answer came in for
                    this host to lose
    Does not hold   with an XDP program on the uplink: it may take answers before any tap sees them;
                    or where not even the first hop answers and its link-layer address was not
                    confirmed lately: then the frames may go astray
    Asks for        the tap, the XDP program of the uplink, the ladder, the neighbour entry
    """
    if not is_lost(evidence):
        return None
    outcome = outcome_of(evidence)
    has_program = isinstance(evidence.link, Link) and evidence.link.xdp_program is not None
    text = "the probe was seen leaving, and nothing came back"
    if has_program:
        text += "; an XDP program on the uplink could hide an answer from every tap"
        text += support(evidence, is_reply=True)
    is_doubtful = has_program or is_next_hop_doubtful(evidence)
    claim = one_of(ANYWHERE if is_doubtful else LOST_OUTSIDE, None, None)
    return finding(ID, evidence, claim, (text, "", packets_of([outcome])))
