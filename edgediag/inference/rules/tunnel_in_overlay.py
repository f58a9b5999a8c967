"""The tunnel's own packets go into the overlay that they should carry."""

from edgediag.endpoints import raven_gateway
from edgediag.host.vxlan import RAVEN_DEVICE
from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.packet_rules import removal, rule_words
from edgediag.inference.reading import packets_of
from edgediag.inside import is_inside
from edgediag.meaning import leaves_by
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.explained import RuleObject
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "tunnel-in-overlay"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """What should carry Raven's overlay is sent through the overlay.

    Holds because   the tap saw every question for the gateway's tunnel port leave by raven0, and
                    none by another device: another node gets it, wrapped, and at best passes it on.
                    Where one rule marks the packet before it is routed again, that rule is named
    Does not hold   where it left by another device as well, or was not seen leaving; for a gateway
                    with an address of some inner network, to which the overlay may lead; for any
                    other row, whose packets may rightly go to another site
    Asks for        the tap of each device, the walk through the rules
    source          openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go (mark 0x40, rule
                    100, table 9027)
    """
    devices = {name for outcome in evidence.attempts for name in leaves_by(outcome)}
    if evidence.target.endpoint != raven_gateway.TUNNEL.id or devices != {RAVEN_DEVICE}:
        return None
    if is_inside(evidence.flow.destination):
        return None
    text = f"the tunnel's own packets leave by {RAVEN_DEVICE}, the overlay that they should carry"
    remedy = f"ip rule; ip route show table all dev {RAVEN_DEVICE}: what leads there is wrong"
    rule = _marking(evidence)
    if rule is not None:
        version = evidence.flow.destination.version
        text = f"{text}: {rule_words(rule, version)} marks them for it"
        remedy = removal(rule, version)
    claim = on_this_host(Mechanism.MISROUTE, rule)
    return finding(ID, evidence, claim, (text, remedy, packets_of(evidence.attempts)))


def _marking(evidence: FlowEvidence) -> RuleObject | None:
    explained = evidence.explained
    if isinstance(explained, NotChecked) or isinstance(explained.marks, NotChecked):
        return None
    return explained.marks[0] if len(explained.marks) == 1 else None
