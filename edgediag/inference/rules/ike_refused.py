"""The gateway refuses what this node's own daemon proposes."""

from typing import Final

from edgediag.inference.claim import at_destination, finding
from edgediag.inference.tunnel import heard, last_router, times
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.tunnel import IkeExchange, IkeTransaction, Proposal
from edgediag.model.verdict import Certainty, Claim, Finding, Landmark, Mechanism, Place

ID = "ike-refused"

# RFC 7296 §3.10.1.
_NO_PROPOSAL_CHOSEN: Final = 14

# What libreswan accepts where nobody configures anything, as in Raven; numbers of the IANA registry
# "Internet Key Exchange Version 2 (IKEv2) Parameters". Types of RFC 7296 §3.3.2.
_ENCR, _PRF, _INTEG, _DH = 1, 2, 3, 4
_AES_CBC, _AES_GCM_16 = 12, 20
_ACCEPTED: Final = {
    _ENCR: {(_AES_GCM_16, 256), (_AES_GCM_16, 128), (_AES_CBC, 256), (_AES_CBC, 128)},
    _PRF: {(7, 0), (5, 0)},
    _INTEG: {(14, 0), (12, 0)},
    _DH: {(group, 0) for group in (14, 15, 16, 18, 19, 20, 21, 31)},
}


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The gateway answers this node's own daemon, and accepts none of its proposals.

    Holds because   IKE_SA_INIT of this node's own daemon was answered by NO_PROPOSAL_CHOSEN: path
                    and gateway's daemon are good. Raven configures no algorithms, so what its
                    daemon proposes is accepted wherever a connection for this node is loaded: where
                    that was proposed the gateway has none. Other proposals may be this node's fault
    Does not hold   where any IKE_SA_INIT to it was accepted meanwhile or ESP came from it; for the
                    probe's own question, which every gateway refuses
    Asks for        the IKE_SA_INIT of this node's own daemon, its proposals and the answers
    source          RFC 7296 §2.7, §3.10.1; libreswan lib/libswan/ike_info.c
    """
    found = heard(evidence, host)
    if found is None or found.is_fed:
        return None
    asked = found.own(IkeExchange.SA_INIT)
    refused = [item for item in asked if _NO_PROPOSAL_CHOSEN in item.notifies]
    if not refused or any(item.is_accepted for item in asked):
        return None
    is_usual = any(map(_has_usual, refused))
    text = (
        f"{evidence.flow.destination} answers IKE_SA_INIT of this node's own daemon by "
        f"NO_PROPOSAL_CHOSEN ({times(len(refused))} in {found.listened_s:.1f} s): the path is good "
        "both ways, and "
    )
    text += (
        "the proposal is one that Raven's gateways accept: it has no connection for this node"
        if is_usual
        else "it has no connection for this node, or the proposals of the two ends differ"
    )
    remedy = (
        "see in the cluster why the gateway has no connection for this node: its Gateway object, "
        "the public address in it, and whether the raven-agent there is ready"
    )
    return finding(ID, evidence, _claim(evidence, is_usual=is_usual), (text, remedy, ()))


def _claim(evidence: FlowEvidence, *, is_usual: bool) -> Claim:
    if is_usual:
        after = last_router(evidence) or Landmark.EDGE
        return at_destination(after, Mechanism.IKE_NO_CONNECTION, Certainty.PROVEN)
    return Claim(
        where=(Place.LOCAL, Place.REMOTE),
        certainty=Certainty.AMBIGUOUS,
        after=last_router(evidence),
        upto=Landmark.HOST,
        mechanism=Mechanism.IKE_NO_CONNECTION,
        culprit=None,
    )


def _has_usual(transaction: IkeTransaction) -> bool:
    return any(map(_is_usual, transaction.proposals))


def _is_usual(proposal: Proposal) -> bool:
    """True if the proposal offers an accepted algorithm of every type that it needs."""
    offered: dict[int, set[tuple[int, int]]] = {}
    for item in proposal.transforms:
        offered.setdefault(item.type_, set()).add((item.id_, item.key_bits))
    needed = dict(_ACCEPTED)
    # An AEAD cipher has no integrity algorithm beside it (RFC 7296 §3.3.3).
    if _INTEG not in offered:
        del needed[_INTEG]
        needed[_ENCR] = {item for item in needed[_ENCR] if item[0] == _AES_GCM_16}
    return all(offered.get(type_, set()) & accepted for type_, accepted in needed.items())
