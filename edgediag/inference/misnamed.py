"""A name server that does not serve, and the line of this host that may name the wrong address."""

from dataclasses import replace

from edgediag.inference.rules import icmp_from_host, icmp_from_router
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.outcome import Answered
from edgediag.model.reply import DnsReply
from edgediag.model.verdict import Certainty, Finding, Place

# What says that nothing serves at an address; whether it is the right one they cannot say.
_ABSENCES = (icmp_from_host.ID, icmp_from_router.ID)


def widened(finding: Finding, evidence: FlowEvidence) -> Finding:
    """The finding, with this host among its places where a wrong line would look the same.

    A host that is down and one that never was, a daemon that died and one that never ran are one
    picture. An answer in DNS, whatever it says, shows that a name server is there.
    """
    server = evidence.name_server
    if isinstance(server, NotChecked) or server.line is None or finding.rule not in _ABSENCES:
        return finding
    if finding.claim.where != (Place.REMOTE,) or _is_name_server(evidence):
        return finding
    line = server.line
    return replace(
        finding,
        claim=replace(
            finding.claim, where=(Place.LOCAL, Place.REMOTE), certainty=Certainty.AMBIGUOUS
        ),
        text=(
            f"{finding.text}; a name server that is down, and line {line.line} of {line.path} "
            f"({line.text}) that names a wrong address, look the same from here"
        ),
        remedy=f"is line {line.line} of {line.path} right? if it is, {finding.remedy}",
    )


def _is_name_server(evidence: FlowEvidence) -> bool:
    return any(
        isinstance(attempt, Answered) and isinstance(attempt.reply, DnsReply)
        for attempt in evidence.attempts
    )
