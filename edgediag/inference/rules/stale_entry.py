"""A tracked connection that sends the tunnel's packets from an address that is nobody's."""

from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.forms import is_served, packets_of_form, varied
from edgediag.meaning import has_left, wire_flow
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import TrackedFlowObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Finding, Mechanism

ID = "stale-entry"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """Connection tracking gives the tunnel's own packets a source that this host does not have.

    Holds because   the same question to the same port is answered from an ephemeral source port;
                    from the tunnel's own it left with another source, an address of no device of
                    this host, by the connection that is tracked for it, and nothing answered: what
                    is sent there comes to nobody. An entry outlives the address that it was made
                    with as long as packets keep it alive
    Does not hold   where the source is an address of this host, or anything answered; where no such
                    entry was found. A rule may have made the entry: the remedy says so
    Asks for        the question from port 4500, the entry of that flow, the addresses of this host
    source          kubernetes issues 136213 and 66651; net/netfilter/nf_nat_core.c
    """
    if isinstance(host.addresses, NotChecked):
        return None
    own = {item.address for item in host.addresses}
    for variation in varied(evidence, Change.SOURCE_PORT):
        tracked = variation.tracked
        if isinstance(tracked, NotChecked) or is_served(variation) or tracked.source in own:
            continue
        if not _left_as(variation, tracked.source):
            continue
        asked = variation.attempts[0].probe.flow
        culprit = TrackedFlowObject(
            source=asked.source,
            source_port=asked.source_port,
            destination=asked.destination,
            destination_port=asked.destination_port,
            given=tracked.source,
        )
        text = (
            f"what leaves from port {asked.source_port} is sent from {tracked.source}, which no "
            "device of this node has, by a connection that is tracked; from another port the same "
            "question is answered"
        )
        remedy = (
            f"conntrack -D -p udp --orig-src {asked.source} --orig-dst {asked.destination} --sport "
            f"{asked.source_port}; if it comes back, a rule makes it: iptables-save -t nat; nft "
            "list ruleset"
        )
        claim = on_this_host(Mechanism.WRONG_SOURCE, culprit)
        return finding(ID, evidence, claim, (text, remedy, packets_of_form(variation)))
    return None


def _left_as(variation: Variation, source: object) -> bool:
    left = [outcome for outcome in variation.attempts if has_left(outcome)]
    return bool(left) and all(wire_flow(outcome).source == source for outcome in left)
