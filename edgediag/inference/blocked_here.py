"""The report on a check that something of this host blocks, without a flow that would show it."""

from dataclasses import replace
from typing import TypeAlias

from edgediag.inference.claim import on_this_host
from edgediag.inference.unjudged import unjudged
from edgediag.inference.wording import named
from edgediag.model.culprit import Culprit
from edgediag.model.endpoint import Target
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Finding, Mechanism, Status, Strength, Verdict

Said: TypeAlias = tuple[str, str, tuple[Mechanism, Culprit | None]]
"""A finding's text, its remedy, and the mechanism with the object at fault, if one is known."""


def blocked_here(
    target: Target, rule: str, said: Said, status: Status = Status.BLOCKED
) -> CheckReport:
    """The report with one proof, by `rule`, and the verdict that follows from it."""
    text, remedy, (mechanism, culprit) = said
    finding = Finding(
        id=f"{target.check}/{rule}",
        rule=rule,
        strength=Strength.PROVES,
        claim=on_this_host(mechanism, culprit),
        text=text,
        remedy=remedy,
        packets=(),
    )
    verdict = Verdict(
        where=finding.claim.where,
        certainty=finding.claim.certainty,
        after=finding.claim.after,
        upto=finding.claim.upto,
        mechanism=mechanism,
        culprit=culprit,
        summary=f"{named(target, None)}: {text}",
        remedy=remedy,
        because=(finding.id,),
    )
    return replace(unjudged(target, status, ""), verdict=verdict, findings=(finding,))
