"""Verdicts on names of which the name servers of this host say different things."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgediag.inference.claim import ANYWHERE, one_of
from edgediag.inference.names import (
    DENIED_FIRST,
    LEADS_INSIDE,
    claim_of,
    decided,
    is_blocked_in,
    supported,
)
from edgediag.inside import is_inside
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Claim, Finding, Mechanism, Place, Status, Strength, Verdict
from edgediag.names.addresses import leads_inside
from edgediag.names.disagreement import Word, disagrees, words_of

DISAGREE = "names-disagree"

LATER_ALONE = "only a later name server gives this address; programs take the first's"


def judge_disagreement(
    evidence: FlowEvidence, report: CheckReport, checks: Mapping[str, CheckReport]
) -> CheckReport:
    """What the first word on a name makes of a check whose name servers disagree.

    Holds because   a program takes the first word that it is given. If that denies the name, no
                    program of this host has the address that another server gave, and what keeps
                    the name is that server's, or the line's that names it first. If it gives an
                    address of a closed network where nothing serves, while the public one of
                    another server answers, the name leads astray; whether the zone, the path or
                    the choice of the server is wrong cannot be told from here. An address that a
                    later server alone gives is no program's, and its check blames nobody
    Does not hold   between public addresses, which a service with many gives out as it likes; where
                    the address serves, as behind a line into that network; where the later word is
                    the odd one: that is said, and blames nobody. Where the hosts file gives the
                    address, for no server is asked then; nor for one of IPv6, of which words on
                    IPv4 say nothing. Where the flow is blocked in a place of its own that is known,
                    a denial supports alone, as does a word that leads to what this host blocks
    Asks for        the queries, the flow to the address, what the public address answered
    source          resolv.conf(5): the servers are asked in their order; RFC 1918, RFC 6598

    report  what the flow alone amounts to
    checks  what every check alone amounts to, by its id
    """
    if evidence.override is not None or evidence.flow.destination.version != 4:
        return report
    queries = () if isinstance(evidence.queries, NotChecked) else evidence.queries
    words = words_of(queries)
    other = next((word for word in words[1:] if disagrees(words[0], word)), None)
    if other is None:
        return report
    if not words[0].addresses:
        return _denied(report, (words[0], other), checks)
    if _leads_astray(evidence, report, words):
        finding = _finding(report, LEADS_INSIDE, one_of(ANYWHERE, None, Mechanism.DNS_HIJACK))
        astray = evidence.flow.destination
        text = f"{_said(words[0], other)}, which answers; nothing serves at {astray}"
        # Routers may well carry nothing to a closed network: only a block here is another fault.
        is_another = is_blocked_in(report, (Place.LOCAL,))
        return decided(report, replace(finding, text=text), None, is_another=is_another)
    finding = _finding(report, DISAGREE, one_of(ANYWHERE, None, None))
    report = supported(report, replace(finding, text=_said(words[0], other), remedy=""))
    return _unasked(report) if _is_of_later(evidence, words) else report


def _is_of_later(evidence: FlowEvidence, words: Sequence[Word]) -> bool:
    address = evidence.flow.destination
    given = {item for word in words[1:] for item in word.addresses}
    return address in given and address not in words[0].addresses


def _unasked(report: CheckReport) -> CheckReport:
    """The report on a flow that no program of this host has."""
    return replace(
        report, status=Status.NOT_CHECKED, note=LATER_ALONE, latency_s=None, verdict=None
    )


def _leads_astray(
    evidence: FlowEvidence, report: CheckReport, words: Sequence[Word]
) -> bool:
    address = evidence.flow.destination
    if report.status is Status.OK or not is_inside(address) or address not in words[0].addresses:
        return False
    others = (word.addresses for word in words[1:] if not leads_inside(word.addresses))
    public = {item for addresses in others for item in addresses}
    return bool(public & set(evidence.surroundings.answering))


def _denied(
    report: CheckReport, words: tuple[Word, Word], checks: Mapping[str, CheckReport]
) -> CheckReport:
    server = checks.get(words[0].outcome.probe.check)
    lean: Verdict | None = None if server is None else server.verdict
    claim = one_of(ANYWHERE, None, Mechanism.DNS_FAILURE)
    if lean is not None:
        claim = claim_of(lean, Mechanism.DNS_FAILURE)
    finding = _finding(report, DENIED_FIRST, claim)
    text = f"{_said(*words)}; programs take the first word"
    is_another = any(is_blocked_in(report, (place,)) for place in Place)
    return decided(report, replace(finding, text=text), lean, is_another=is_another)


def _finding(report: CheckReport, rule: str, claim: Claim) -> Finding:
    return Finding(
        id=f"{report.id}/{rule}",
        rule=rule,
        strength=Strength.PROVES,
        claim=claim,
        text="",
        remedy="ask first the server that is right for this node, or have the other's zone mended",
        packets=(),
    )


def _said(first: Word, other: Word) -> str:
    name = first.outcome.probe.name
    return f"{_one(first)} {name}, and {_one(other)} it"


def _one(word: Word) -> str:
    server = word.outcome.probe.flow.destination
    if not word.addresses:
        return f"{server} has no address for"
    kind = "inside addresses" if leads_inside(word.addresses) else "public addresses"
    return f"{server} has the {kind} {', '.join(map(str, word.addresses))} for"
