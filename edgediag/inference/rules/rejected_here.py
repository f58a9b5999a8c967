"""An ICMP error that this host sent to itself."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.drawn import icmp_of
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.reply import IcmpKind
from edgediag.model.verdict import Finding, Mechanism

ID = "rejected-here"

# HOST_UNREACHABLE is left out: the kernel also tells itself so when address resolution fails.
_REJECTIONS = (
    IcmpKind.ADMIN_PROHIBITED,
    IcmpKind.PORT_UNREACHABLE,
    IcmpKind.NET_UNREACHABLE,
    IcmpKind.PROTOCOL_UNREACHABLE,
)


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A filter of this host rejects the flow.

    Holds because   the ICMP error that quotes the probe bears an address of this host
    Does not hold   the same error with a router's address was made on the path
    Asks for        the attempts, this host's addresses
    """
    drawn = icmp_of(evidence)
    if drawn is None or isinstance(host.addresses, NotChecked):
        return None
    reply = drawn.reply
    if reply.sender not in {item.address for item in host.addresses}:
        return None
    if reply.kind not in _REJECTIONS:
        return None
    text = f"this host itself ({reply.sender}) rejects the probe with ICMP {reply.kind.value}"
    remedy = "look for a reject rule in the output hook: nft list ruleset, iptables-save"
    claim = on_this_host(Mechanism.RULE_REJECT, None)
    return finding(ID, evidence, claim, (text, remedy, drawn.packets))
