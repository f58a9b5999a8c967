"""An address that a hosts file gave and no resolver gives."""

from edgediag.flaw import is_refused
from edgediag.inference.claim import finding, on_this_host
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.meaning import is_answered_well
from edgediag.model.culprit import HostsFileObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding, Mechanism

ID = "hosts-override"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A line of a hosts file sends the name to an address that does not serve it.

    Holds because   the flow went where the line says and failed, or met a certificate that clients
                    refuse, and the resolvers give other addresses for the name: what the wrong host
                    does or does not answer is no fault of it or of the path
    Does not hold   for a flow that works, where a resolver gives this address too, or where none
                    gave any
    Asks for        the hosts file, the queries for its names
    source          hosts(5); nsswitch.conf(5): files come before dns
    """
    override = evidence.override
    is_served = is_answered_well(outcome_of(evidence)) and not is_refused(
        evidence.certificate, evidence.target.host
    )
    if override is None or is_served:
        return None
    entry, answers = override.entry, override.answers
    if not answers or entry.address in answers:
        return None
    culprit = HostsFileObject(
        path=entry.path, line=entry.line, name=entry.name, address=entry.address
    )
    given = ", ".join(map(str, answers))
    text = f"{entry.path} line {entry.line} sends it to {entry.address}, the resolver to {given}"
    remedy = f"remove line {entry.line} of {entry.path}, or mend its address"
    claim = on_this_host(Mechanism.HOSTS_OVERRIDE, culprit)
    return finding(ID, evidence, claim, (text, remedy, packets_of([outcome_of(evidence)])))
