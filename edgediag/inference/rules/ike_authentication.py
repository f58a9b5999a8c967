"""The gateway lets this node's own daemon in as far as IKE_AUTH, and refuses that."""

from edgediag.inference.claim import finding
from edgediag.inference.tunnel import heard, is_refused, last_router, times
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.tunnel import IkeExchange
from edgediag.model.verdict import Certainty, Claim, Finding, Landmark, Mechanism, Place

ID = "ike-authentication"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """IKE_AUTH of this node's own daemon draws an error and nothing else.

    Holds because   IKE_AUTH is sent once IKE_SA_INIT was accepted, and its answer is too short to
                    hold the gateway's identity: it has room for one notification. Path and daemon
                    are good both ways; the secrets or the names of the two ends differ. The answer
                    is encrypted, so which error it is stays unknown, and neither end can say whose
                    secret is wrong
    Does not hold   where an IKE_AUTH drew a longer answer or ESP came from the gateway meanwhile;
                    for an answer in fragments
    Asks for        the lengths of the answers to this node's own IKE_AUTH
    source          RFC 7296 §1.2, §2.21.2, §3.14
    """
    found = heard(evidence, host)
    if found is None or found.is_fed:
        return None
    answered = [item for item in found.own(IkeExchange.AUTH) if item.responses]
    if not answered or not all(map(is_refused, answered)):
        return None
    octets = answered[-1].response_octets
    text = (
        f"{evidence.flow.destination} answers IKE_AUTH of this node's own daemon by {octets} "
        f"octets, room for one error and no identity ({times(len(answered))} in "
        f"{found.listened_s:.1f} s): the path is good both ways, and the secrets or the names of "
        "the two ends differ; neither end can say which is wrong"
    )
    remedy = (
        "compare the pre-shared key of this node's raven-agent with the gateway's, by a hash; the "
        "log of the gateway's IKE daemon names the error"
    )
    return finding(ID, evidence, _claim(evidence), (text, remedy, ()))


def _claim(evidence: FlowEvidence) -> Claim:
    return Claim(
        where=(Place.LOCAL, Place.REMOTE),
        certainty=Certainty.AMBIGUOUS,
        after=last_router(evidence),
        upto=Landmark.HOST,
        mechanism=Mechanism.SERVICE_REFUSES,
        culprit=None,
    )
