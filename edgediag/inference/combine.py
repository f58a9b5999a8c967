"""Findings become one verdict for each check; a contradiction is said, never averaged."""

from collections.abc import Iterable, Sequence

from edgediag.checked import is_wild
from edgediag.flaw import is_refused
from edgediag.inference.forms import is_served_as_the_tunnel_asks
from edgediag.inference.misnamed import widened
from edgediag.inference.name_answers import nobody_of
from edgediag.inference.reading import is_own_service, outcome_of
from edgediag.inference.rules import (
    EXCLUSIVE,
    RULES,
    RULES_AT_HOME,
    RULES_OF_FORMS,
    RULES_WHERE_SERVED,
)
from edgediag.inference.states import find_faults
from edgediag.inference.wording import contradiction, summary
from edgediag.meaning import is_answered_well
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Certainty, Finding, Locus, Place, Strength, Verdict


def find(evidence: FlowEvidence, host: HostState) -> tuple[Finding, ...]:
    """What all rules find in the evidence of a flow, in the order of the rules.

    What is served is judged by the rules for that, but where a client would refuse the server;
    what was sent elsewhere, or as somebody else, by that alone; what never leaves this host, by the
    rules for that. What else the row needs of this host decides where the flow is served, and only
    supports where it fails.
    """
    if is_served(evidence):
        return _where_served(evidence, host)
    first = _exclusive_finding(evidence, host)
    if first:
        return first
    rules = RULES_AT_HOME if is_own_service(evidence) else RULES
    judged = (rule.judge(evidence, host) for rule in rules)
    found = tuple(widened(finding, evidence) for finding in judged if finding is not None)
    return (*found, *_faults(evidence, host, Strength.SUPPORTS))


def _faults(
    evidence: FlowEvidence, host: HostState, strength: Strength
) -> tuple[Finding, ...]:
    return find_faults(evidence.target, evidence.flow.destination, host, strength)


def is_served(evidence: FlowEvidence) -> bool:
    """True if an application would take the flow for served."""
    if is_wild(evidence.attempts, nobody_of(evidence)):
        return False
    return is_answered_well(outcome_of(evidence)) or is_served_as_the_tunnel_asks(evidence)


def _where_served(evidence: FlowEvidence, host: HostState) -> tuple[Finding, ...]:
    """What speaks against the service or this host, else the first that other forms of it met."""
    judged = (rule.judge(evidence, host) for rule in RULES_WHERE_SERVED)
    found = (
        *(finding for finding in judged if finding is not None),
        *_faults(evidence, host, Strength.PROVES),
    )
    if is_refused(evidence.certificate, evidence.target.host):
        found = _exclusive_finding(evidence, host) or found
    in_forms = (rule.judge(evidence, host) for rule in RULES_OF_FORMS)
    return found or tuple(finding for finding in in_forms if finding is not None)[:1]


def _exclusive_finding(evidence: FlowEvidence, host: HostState) -> tuple[Finding, ...]:
    judged = (rule.judge(evidence, host) for rule in EXCLUSIVE)
    return next(((finding,) for finding in judged if finding is not None), ())


def combine(target: str, findings: Sequence[Finding]) -> Verdict | None:
    """The verdict that findings amount to, None where nothing proves a place.

    The places that stay possible are those that every proof allows. Of the proofs that allow no
    more than these, the first decides mechanism, segment and culprit. Where proofs exclude each
    other, all places stay possible and the summary names the two.

    target  what was checked, in words for the summary
    """
    proofs = [finding for finding in findings if finding.strength is Strength.PROVES]
    if not proofs:
        return None
    where = tuple(
        place for place in Place if all(place in proof.claim.where for proof in proofs)
    )
    if not where:
        return _contradicted(target, proofs)
    deciding = [proof for proof in proofs if proof.claim.where == where]
    if not deciding:
        return _narrowed(target, where, proofs)
    decisive = next((proof for proof in deciding if proof.claim.mechanism), deciding[0])
    return _verdict(target, decisive, proofs)


def _verdict(target: str, decisive: Finding, proofs: Sequence[Finding]) -> Verdict:
    claim = decisive.claim
    agreeing = [proof for proof in proofs if proof is not decisive]
    return Verdict(
        where=claim.where,
        certainty=claim.certainty,
        after=claim.after,
        upto=claim.upto,
        mechanism=claim.mechanism,
        culprit=claim.culprit,
        summary=summary(target, claim, decisive.text),
        remedy=decisive.remedy,
        because=(decisive.id, *(proof.id for proof in agreeing)),
    )


def _narrowed(target: str, where: tuple[Place, ...], proofs: Sequence[Finding]) -> Verdict:
    # Each proof leaves more places open than all together: none of them decides alone.
    first = proofs[0]
    certainty = Certainty.AMBIGUOUS if len(where) > 1 else Certainty.BOUNDED
    return Verdict(
        where=where,
        certainty=certainty,
        after=_first_said(proof.claim.after for proof in proofs),
        upto=_first_said(proof.claim.upto for proof in proofs),
        mechanism=next((proof.claim.mechanism for proof in proofs if proof.claim.mechanism), None),
        culprit=None,
        summary=f"{target}: {first.text}",
        remedy=first.remedy,
        because=tuple(proof.id for proof in proofs),
    )


def _contradicted(target: str, proofs: Sequence[Finding]) -> Verdict:
    one, other = _exclusive(proofs)
    return Verdict(
        where=tuple(Place),
        certainty=Certainty.AMBIGUOUS,
        after=None,
        upto=None,
        mechanism=None,
        culprit=None,
        summary=contradiction(target, one, other),
        remedy="look at both in the capture, and run it once more",
        because=tuple(proof.id for proof in proofs),
    )


def _exclusive(proofs: Sequence[Finding]) -> tuple[Finding, Finding]:
    for proof in proofs:
        for other in proofs:
            if not set(proof.claim.where) & set(other.claim.where):
                return proof, other
    return proofs[0], proofs[-1]


def _first_said(loci: Iterable[Locus]) -> Locus:
    return next((locus for locus in loci if locus is not None), None)
