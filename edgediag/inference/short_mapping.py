"""A mapping on the path that a tunnel's silence outlives."""

from dataclasses import replace
from typing import Final

from edgediag.inference.claim import between, finding
from edgediag.inference.combine import combine
from edgediag.inference.lifetime import bounds
from edgediag.inference.unjudged import status_of
from edgediag.inference.wording import named
from edgediag.inside import is_inside
from edgediag.meaning import is_rewritten
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence
from edgediag.model.mapping import MappingLifetime
from edgediag.model.path import Ladder
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Landmark, Locus, Mechanism, Status

SHORT_MAPPING_RULE: Final = "mapping-short-lived"

# What keeps a mapping while a tunnel is silent: dead peer detection, every 15 s by Raven's chart,
# for pluto sends no NAT keepalives there; else a keepalive, by default every 20 s (RFC 3948 §4).
SILENCE_S: Final = 15.0


def judge_mapping(
    evidence: FlowEvidence, report: CheckReport, mapping: MappingLifetime | NotChecked
) -> CheckReport:
    """A translator forgets the tunnel's mapping before its ends speak again.

    Holds because   the gateway saw another address or port after an idle time that is shorter than
                    the silence of a tunnel: what it sends then finds no way in until this node
                    speaks. Who translates stands before the first router that has a public address,
                    for one behind it would be shown to this node by none but itself
    Does not hold   where the mapping was not timed, or lived so long; where the port stayed the
                    same, which proves nothing; for a check that fails by itself, and where this
                    node's own rules translate it: the mapping may be its own
    Asks for        --nat-timeout, a gateway that tells from where it sees this node, the ladder
    source          RFC 3948 §4; RFC 7296 §2.23; openyurtio/raven charts (vpn.keepAliveInterval)
    """
    if isinstance(mapping, NotChecked) or report.status is not Status.OK:
        return report
    is_asked = evidence.attempts[0].probe.kind is ProbeKind.IKE_SA_INIT
    if not is_asked or evidence.flow.destination != mapping.gateway:
        return report
    _, less_than_s = bounds(mapping)
    is_rewritten_here = any(map(is_rewritten, evidence.attempts))
    if less_than_s is None or less_than_s > SILENCE_S or is_rewritten_here:
        return report
    claim = between(Landmark.EDGE, _translator(evidence, mapping.ladder), Mechanism.NAT_TIMEOUT)
    text = (
        f"a translator forgets the mapping of a flow that is idle for {less_than_s:.1f} s, and the "
        f"tunnel is silent for {SILENCE_S:g} s and longer: what the gateway sends then is lost"
    )
    remedy = (
        "have the translator keep UDP flows longer, or set raven-agent's --keep-alive-interval "
        f"below {less_than_s:.0f} s"
    )
    packets = tuple(number for trial in mapping.trials for number in trial.packets)
    found = finding(SHORT_MAPPING_RULE, evidence, claim, (text, remedy, packets))
    verdict = combine(named(evidence.target, evidence.flow), (found,))
    status = status_of(verdict, is_served=True)
    return replace(report, status=status, verdict=verdict, findings=(*report.findings, found))


def _translator(evidence: FlowEvidence, ladder: Ladder | NotChecked) -> Locus:
    if isinstance(ladder, NotChecked) or not is_inside(evidence.flow.source):
        return Landmark.HOST
    before: Locus = None
    for hop in ladder.hops:
        if hop.sender is not None and not is_inside(hop.sender):
            return before or hop.sender
        before = hop.sender
    return Landmark.HOST
