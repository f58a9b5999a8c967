"""A silent flow whose source address is not the uplink's own."""

from edgediag.inference.claim import ANYWHERE, finding, one_of
from edgediag.inference.reading import after_of, is_silent, outcome_of, packets_of
from edgediag.meaning import wire_flow
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState, Route
from edgediag.model.verdict import Finding, Mechanism

ID = "foreign-source"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The flow left with a source that nobody in this run was answered at: it may be the fault.

    Holds because   the source on the wire is no address of the device it left by, so the answer
                    may find no way back, and nothing that was sent with it was answered. A block
                    anywhere on the path looks the same
    Does not hold   where anything was answered at this source, or where the device has the address
    Asks for        the tap, the addresses of this host, the outcomes of all other checks
    source          RFC 1122 §3.3.4.3
    """
    if not is_silent(evidence) or not isinstance(evidence.route, Route) or evidence.route.is_local:
        return None
    source = wire_flow(outcome_of(evidence)).source
    if isinstance(host.addresses, NotChecked) or source in evidence.surroundings.sources:
        return None
    device = evidence.route.interface
    if source in {item.address for item in host.addresses if item.interface == device}:
        return None
    text = (
        f"it left by {device} with the source {source}, which {device} does not have, and nothing "
        "sent with that source was answered"
    )
    remedy = (
        f"ip route get {evidence.flow.destination}: mend the source of the route, or the rule that "
        "rewrites it; compare with a connection bound to the address of the uplink"
    )
    claim = one_of(ANYWHERE, after_of(evidence), Mechanism.WRONG_SOURCE)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
