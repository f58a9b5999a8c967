"""Verdicts on checks whose name could not be turned into an address, or into a wrong one."""

import re
from collections.abc import Mapping
from dataclasses import replace

from edgediag.checked import invented
from edgediag.endpoints import ENDPOINTS
from edgediag.endpoints.forward_proxy import BLOB_HOST, TOKEN_SERVICE
from edgediag.inference.claim import ANYWHERE, LOST_OUTSIDE
from edgediag.inference.name_answers import nobody_of, said_of_names
from edgediag.inference.origin import claim_on, origin_of
from edgediag.inference.unjudged import is_partial, status_of, unjudged
from edgediag.meaning import decisive, is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import NameLookupObject
from edgediag.model.endpoint import HostSource, Target
from edgediag.model.evidence import FlowEvidence, NameEvidence
from edgediag.model.flow import Protocol
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
from edgediag.names.addresses import is_cut_short
from edgediag.names.doubt import is_denial
from edgediag.names.lookup import asks_name_servers

UNRESOLVED = "name-unresolved"
HIJACKED = "name-hijacked"
FORWARDED = "stub-forwards"
DENIED_FIRST = "name-denied-first"
LEADS_INSIDE = "name-leads-inside"
_RULES = (UNRESOLVED, HIJACKED, FORWARDED, DENIED_FIRST)

# What stands between the words of a line of nsswitch.conf, and around its actions.
_BETWEEN_WORDS = re.compile(r"[\s:\[\]]+")


def judge_name(evidence: NameEvidence, checks: Mapping[str, CheckReport]) -> CheckReport:
    """The name of the check was not resolved.

    Holds because   no resolver gave an address: what keeps the resolver away keeps the name away,
                    so the place is the resolver's own. Where a resolver that works denies the name,
                    a walk of that query tells whether it or a box before it says so; and who wrote
                    the name into a file of this host may have written it wrongly. Where
                    nsswitch.conf leaves the name servers out, nobody asks them
    Does not hold   as soon as one resolver gave an address; where one answers other queries and not
                    this one, the name is not proven to be blocked
    Asks for        the queries, the verdicts on the resolvers, the walk of a denied query, where
                    programs look names up
    source          nsswitch.conf(5)
    """
    claim, text = _claim(evidence, checks)
    remedy = "mend name resolution first; this check needs it"
    if isinstance(claim.culprit, NameLookupObject):
        remedy = _remedy_of(claim.culprit)
    elif Place.LOCAL in claim.where and _is_denied(evidence):
        remedy = f"is {evidence.target.host} the right name? if it is, ask whoever runs its zone"
    packets = {seen.number for query in evidence.queries for seen in query.seen}
    finding = Finding(
        id=f"{evidence.target.check}/{UNRESOLVED}",
        rule=UNRESOLVED,
        strength=Strength.PROVES,
        claim=claim,
        text=text,
        remedy=remedy,
        packets=tuple(sorted(packets)),
    )
    report = unjudged(evidence.target, Status.BLOCKED, "")
    return with_finding(report, finding, _lean(evidence, checks))


def judge_hijacked(
    evidence: FlowEvidence, report: CheckReport, checks: Mapping[str, tuple[FlowEvidence, Verdict]]
) -> CheckReport:
    """The address of the check is one that its resolver gives to names that nobody has.

    Holds because   every resolver that gave the address gives it to names of nobody as well: what
                    the host at that address does says nothing of the host that was meant, and the
                    place is that of the forged answers
    Does not hold   for a flow that is served, or where another resolver gave the address too. What
                    this host itself keeps is kept whoever is meant: that stays, with its culprit,
                    and the name supports alone
    Asks for        which resolvers gave the address, and what they said of names of nobody

    report  what the flow alone amounts to
    checks  the resolvers that are not believed, by check id
    """
    named_by = () if isinstance(evidence.named_by, NotChecked) else evidence.named_by
    address = evidence.flow.destination
    forgers = [checks[name] for name in named_by if name in checks]
    is_forged = all(address in invented(nobody_of(forger)) for forger, _ in forgers)
    is_served = is_answered_well(decisive(evidence.attempts))
    if is_served or not forgers or len(forgers) < len(named_by) or not is_forged:
        return report
    verdict = forgers[0][1]
    said = (HIJACKED, f"{address} is no address of {evidence.target.host}")
    finding = leaning(report, said, verdict, Mechanism.DNS_HIJACK)
    is_kept_here = is_blocked_in(report, (Place.LOCAL,))
    return decided(report, finding, verdict, is_another=is_kept_here)


def is_blocked_in(report: CheckReport, where: tuple[Place, ...]) -> bool:
    """True if the flow is known to be blocked in these places and no others."""
    verdict = report.verdict
    return report.status is Status.BLOCKED and verdict is not None and verdict.where == where


def decided(
    report: CheckReport, finding: Finding, lean: Verdict | None, *, is_another: bool
) -> CheckReport:
    """The report with a finding that decides it, or supports alone.

    is_another  the flow has a block of its own, which stays after the names are mended
    """
    if is_another:
        return supported(report, finding)
    alone = with_finding(report, finding, lean)
    return replace(alone, findings=(*report.findings, finding))


def supported(report: CheckReport, finding: Finding) -> CheckReport:
    """The report with a finding that decides nothing."""
    finding = replace(finding, strength=Strength.SUPPORTS)
    return replace(report, findings=(*report.findings, finding))


def leaning(
    report: CheckReport, said: tuple[str, str], lean: Verdict, mechanism: Mechanism
) -> Finding:
    """A finding that says of a check what is known of the server that it hangs on.

    said  the rule, and its words before those of the verdict on the server
    """
    rule, text = said
    return Finding(
        id=f"{report.id}/{rule}",
        rule=rule,
        strength=Strength.PROVES,
        claim=claim_of(lean, mechanism),
        text=f"{text}: {lean.summary}",
        remedy=lean.remedy,
        packets=(),
    )


def resolver_of(evidence_reasons: tuple[str, ...]) -> str | None:
    """The check id of the resolver that a name's verdict leans on, None where it stands alone."""
    if not evidence_reasons or evidence_reasons[0].rpartition("/")[2] not in _RULES:
        return None
    others = evidence_reasons[1:]
    return others[0].rsplit("/", 1)[0] if others else None


def with_finding(report: CheckReport, finding: Finding, lean: Verdict | None) -> CheckReport:
    """The report with a finding that decides it alone, and the verdict that it leans on."""
    claim, target = finding.claim, report
    verdict = Verdict(
        where=claim.where,
        certainty=claim.certainty,
        after=claim.after,
        upto=claim.upto,
        mechanism=claim.mechanism,
        culprit=claim.culprit,
        summary=f"{target.host} port {target.port} ({target.purpose}): {finding.text}",
        remedy=finding.remedy,
        because=(finding.id, *(() if lean is None else lean.because[:1])),
    )
    status = status_of(verdict, is_served=False)
    return replace(report, status=status, verdict=verdict, findings=(finding,))


def _claim(
    evidence: NameEvidence, checks: Mapping[str, CheckReport]
) -> tuple[Claim, str]:
    if not asks_name_servers(evidence.lookup):
        return _unasked(evidence)
    if not evidence.resolvers:
        claim = _at((Place.LOCAL,), Certainty.PROVEN, Landmark.EDGE)
        return claim, "this node names no resolver"
    text = f"no resolver gave an address for {evidence.target.host}"
    serving = [
        checks[name]
        for name in evidence.resolvers
        if name in checks and checks[name].status in (Status.OK, Status.DEGRADED)
    ]
    verdict = _lean(evidence, checks)
    if verdict is not None and _is_cut_short(evidence):
        text += f", which the datagram had no room for, and over TCP: {verdict.summary}"
        return claim_of(verdict, Mechanism.DNS_FAILURE), text
    if serving and _is_denied(evidence):
        return _denied(evidence)
    if serving and all(map(is_partial, serving)) and verdict is not None and verdict.mechanism:
        return claim_of(verdict, verdict.mechanism), f"{text}: {verdict.summary}"
    if serving:
        claim = _at(LOST_OUTSIDE, Certainty.AMBIGUOUS, Landmark.HOST)
        text += ", though one answers: its queries were lost, or something eats this name"
        return replace(claim, mechanism=Mechanism.LOSS), text
    if verdict is None:
        return _at(LOST_OUTSIDE, Certainty.AMBIGUOUS, Landmark.HOST), text
    return claim_of(verdict, Mechanism.DNS_FAILURE), f"{text}: {verdict.summary}"


def _unasked(evidence: NameEvidence) -> tuple[Claim, str]:
    lookup = evidence.lookup
    claim = _at((Place.LOCAL,), Certainty.PROVEN, Landmark.EDGE)
    if isinstance(lookup, NotChecked):
        raise AssertionError("without a line name servers are asked")
    culprit = NameLookupObject(path=lookup.path, line=lookup.line, text=lookup.text)
    why = "ends at the hosts file by its action" if _has_dns(lookup.text) else "has no dns"
    text = (
        f"line {lookup.line} of {lookup.path} ({lookup.text}) {why}, so that programs of this "
        f"host ask no name server for {evidence.target.host}"
    )
    return replace(claim, culprit=culprit), text


def _remedy_of(culprit: NameLookupObject) -> str:
    if _has_dns(culprit.text):
        return f"take the action behind files out of line {culprit.line} of {culprit.path}"
    return f"add dns to line {culprit.line} of {culprit.path}"


def _has_dns(text: str) -> bool:
    """True if a line names dns, though an action before it may keep programs from it."""
    return "dns" in _BETWEEN_WORDS.split(text.partition("#")[0])


def _denied(evidence: NameEvidence) -> tuple[Claim, str]:
    query = next(filter(is_denial, evidence.queries))
    text = f"the resolver {query.probe.flow.destination} {said_of_names(query, ())}"
    claim = _at(LOST_OUTSIDE, Certainty.AMBIGUOUS, Landmark.HOST)
    if not isinstance(evidence.ladder, NotChecked) and not isinstance(evidence.echo, NotChecked):
        origin = origin_of(evidence.ladder, (evidence.echo,))
        claim = claim_on(origin, Mechanism.DNS_HIJACK, Mechanism.DNS_FAILURE)
    if Place.REMOTE not in claim.where:
        hop = claim.upto or "a hop that did not name itself"
        return claim, f"{hop} answers in the stead of {query.probe.flow.destination}: {text}"
    if not _is_none_of_this_site(evidence.target):
        where = tuple(place for place in ANYWHERE if place not in LOST_OUTSIDE) + claim.where
        claim = _at(where, Certainty.AMBIGUOUS, Landmark.HOST)
        text += "; a wrong name on this node and a wrong zone look the same from here"
    elif Place.ON_PATH in claim.where:
        text += "; or somebody on the path says so in its name"
    return claim, text


def _is_denied(evidence: NameEvidence) -> bool:
    return any(map(is_denial, evidence.queries))


def _is_none_of_this_site(target: Target) -> bool:
    """True if nobody at this site wrote the name or a part of it: so where a registry names it."""
    if target.endpoint in (TOKEN_SERVICE, BLOB_HOST):
        return True
    endpoint = next((item for item in ENDPOINTS if item.id == target.endpoint), None)
    if endpoint is None or endpoint.host_source is not HostSource.NAME:
        return False
    return "{" not in endpoint.host_pattern


def claim_of(verdict: Verdict, mechanism: Mechanism) -> Claim:
    """What another check's verdict means for one that leans on it."""
    return Claim(
        where=verdict.where,
        certainty=verdict.certainty,
        after=verdict.after,
        upto=verdict.upto,
        mechanism=mechanism,
        culprit=verdict.culprit,
    )


def _at(where: tuple[Place, ...], certainty: Certainty, upto: Landmark) -> Claim:
    return Claim(
        where=where,
        certainty=certainty,
        after=None,
        upto=upto,
        mechanism=Mechanism.DNS_FAILURE,
        culprit=None,
    )


def _is_cut_short(evidence: NameEvidence) -> bool:
    return any(map(is_cut_short, evidence.queries))


def _lean(evidence: NameEvidence, checks: Mapping[str, CheckReport]) -> Verdict | None:
    """The verdict on the first server that keeps the name away; over TCP if it is asked so."""
    known = [checks[name] for name in evidence.resolvers if name in checks]
    over_tcp = [check for check in known if check.protocol is Protocol.TCP]
    asked = over_tcp if _is_cut_short(evidence) else known
    verdicts = [check.verdict for check in asked]
    return next((verdict for verdict in verdicts if verdict is not None), None)
