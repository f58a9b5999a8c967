"""A silent flow whose source address is not the uplink's own."""

from edgediag.inference.alternatives import answered_otherwise, route_object
from edgediag.inference.claim import ANYWHERE, finding, on_this_host, one_of
from edgediag.inference.packet_rules import removal, rule_words
from edgediag.inference.reading import is_silent, outcome_of, packets_of
from edgediag.inference.translations import translator_of
from edgediag.meaning import wire_flow
from edgediag.model.answer import NotChecked
from edgediag.model.evidence import Altered, FlowEvidence
from edgediag.model.explained import End
from edgediag.model.host import HostState
from edgediag.model.route import Route
from edgediag.model.verdict import Finding, Mechanism
from edgediag.source import is_foreign

ID = "foreign-source"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The flow left with a source that nobody in this run was answered at: it may be the fault.

    Holds because   the source on the wire is no address of the device it left by, or one of another
                    network than the gateway's while the device has an address in that, so the
                    answer may find no way back, and nothing that was sent with it was answered.
                    Where the same question, handed to the same next hop with an address of the
                    device's network, is answered, the source is the fault; else a block anywhere on
                    the path looks the same
    Does not hold   where anything was answered at this source, or where it is an address of the
                    device in the gateway's own network
    Asks for        the tap, the addresses of this host, the outcomes of all other checks, the
                    question with another source, the walk through the rules
    source          RFC 1122 §3.3.4.3
    """
    if not is_silent(evidence) or not isinstance(evidence.route, Route) or evidence.route.is_local:
        return None
    source = wire_flow(outcome_of(evidence)).source
    if isinstance(host.addresses, NotChecked) or source in evidence.surroundings.sources:
        return None
    device = evidence.route.interface
    if not is_foreign(source, evidence.route, host.addresses):
        return None
    text = (
        f"it left by {device} with the source {source}, which is not of {device}'s network, and "
        "nothing sent with that source was answered"
    )
    remedy = (
        f"ip route get {evidence.flow.destination}: mend the source of the route, or the rule that "
        "rewrites it; compare with a connection bound to the address of the uplink"
    )
    other = answered_otherwise(evidence, Altered.SOURCE)
    if other is None:
        claim = one_of(ANYWHERE, None, Mechanism.WRONG_SOURCE)
        return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
    text += f"; the same question with the source {other.outcome.probe.flow.source} is answered"
    # Where the kernel chose it, its route did; else it was rewritten later.
    is_chosen = source == evidence.route.source
    rule = None if is_chosen else translator_of(evidence, End.SOURCE)
    if rule is not None:
        version = evidence.flow.destination.version
        text, remedy = f"{text}; it is given by {rule_words(rule, version)}", removal(rule, version)
    claim = on_this_host(
        Mechanism.WRONG_SOURCE, route_object(evidence.route) if is_chosen else rule
    )
    packets = packets_of([outcome_of(evidence), other.outcome])
    return finding(ID, evidence, claim, (text, remedy, packets))
