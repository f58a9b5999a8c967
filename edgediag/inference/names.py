"""Verdicts on checks whose name could not be turned into an address."""

from collections.abc import Mapping
from dataclasses import replace

from edgediag.inference.claim import LOST_OUTSIDE
from edgediag.inference.unjudged import status_of, unjudged
from edgediag.model.evidence import NameEvidence
from edgediag.model.outcome import Answered, Outcome
from edgediag.model.reply import DnsReply
from edgediag.model.report import CheckReport
from edgediag.model.verdict import (
    Certainty,
    Claim,
    Finding,
    Landmark,
    Mechanism,
    Place,
    Status,
    Strength,
    Verdict,
)

RULE = "name-unresolved"

_NXDOMAIN = 3


def judge_name(evidence: NameEvidence, checks: Mapping[str, CheckReport]) -> CheckReport:
    """The name of the check was not resolved.

    Holds because   no resolver gave an address: what keeps the resolver away keeps the name away,
                    so the place is the resolver's own. A resolver that says that the name does not
                    exist is the place itself
    Does not hold   as soon as one resolver gave an address; where one answers other queries and not
                    this one, the name is not proven to be blocked
    Asks for        the queries, the verdicts on the resolvers
    """
    target = evidence.target
    claim, text = _claim(evidence, checks)
    finding = Finding(
        id=f"{target.check}/{RULE}",
        rule=RULE,
        strength=Strength.PROVES,
        claim=claim,
        text=text,
        remedy="mend name resolution first; this check needs it",
        packets=tuple(sorted({seen.number for query in evidence.queries for seen in query.seen})),
    )
    verdict = Verdict(
        where=claim.where,
        certainty=claim.certainty,
        after=claim.after,
        upto=claim.upto,
        mechanism=claim.mechanism,
        culprit=claim.culprit,
        summary=f"{target.host} port {target.port} ({target.purpose}): {text}",
        remedy=finding.remedy,
        because=(finding.id, *_reasons(evidence, checks)),
    )
    return replace(
        unjudged(target, status_of(verdict, is_served=False), ""), verdict=verdict, findings=(finding,)
    )


def resolver_of(evidence_reasons: tuple[str, ...]) -> str | None:
    """The check id of the resolver that a name's verdict leans on, None where it stands alone."""
    if not evidence_reasons or not evidence_reasons[0].endswith(f"/{RULE}"):
        return None
    others = evidence_reasons[1:]
    return others[0].rsplit("/", 1)[0] if others else None


def _claim(
    evidence: NameEvidence, checks: Mapping[str, CheckReport]
) -> tuple[Claim, str]:
    if not evidence.resolvers:
        claim = _at((Place.LOCAL,), Certainty.PROVEN, Landmark.EDGE)
        return claim, "this node names no resolver"
    rcodes = [_rcode(query) for query in evidence.queries]
    if _NXDOMAIN in rcodes:
        text = f"the resolver says that {evidence.target.host} does not exist"
        return _at((Place.REMOTE,), Certainty.PROVEN, Landmark.HOST), text
    if 0 in rcodes:
        text = f"the resolver knows {evidence.target.host} and gives no address"
        return _at((Place.REMOTE,), Certainty.PROVEN, Landmark.HOST), text
    text = f"no resolver gave an address for {evidence.target.host}"
    verdict = _resolver_verdict(evidence, checks)
    if any(name in checks and checks[name].status is Status.OK for name in evidence.resolvers):
        claim = _at(LOST_OUTSIDE, Certainty.AMBIGUOUS, Landmark.HOST)
        text += ", though one answers: its queries were lost, or something eats this name"
        return replace(claim, mechanism=Mechanism.LOSS), text
    if verdict is None:
        return _at(LOST_OUTSIDE, Certainty.AMBIGUOUS, Landmark.HOST), text
    claim = Claim(
        where=verdict.where,
        certainty=verdict.certainty,
        after=verdict.after,
        upto=verdict.upto,
        mechanism=Mechanism.DNS_FAILURE,
        culprit=verdict.culprit,
    )
    return claim, f"{text}: {verdict.summary}"


def _at(where: tuple[Place, ...], certainty: Certainty, upto: Landmark) -> Claim:
    return Claim(
        where=where,
        certainty=certainty,
        after=None,
        upto=upto,
        mechanism=Mechanism.DNS_FAILURE,
        culprit=None,
    )


def _rcode(query: Outcome) -> int | None:
    if isinstance(query, Answered) and isinstance(query.reply, DnsReply):
        return query.reply.rcode
    return None


def _resolver_verdict(
    evidence: NameEvidence, checks: Mapping[str, CheckReport]
) -> Verdict | None:
    verdicts = [checks[name].verdict for name in evidence.resolvers if name in checks]
    return next((verdict for verdict in verdicts if verdict is not None), None)


def _reasons(evidence: NameEvidence, checks: Mapping[str, CheckReport]) -> tuple[str, ...]:
    verdict = _resolver_verdict(evidence, checks)
    return () if verdict is None else verdict.because[:1]
