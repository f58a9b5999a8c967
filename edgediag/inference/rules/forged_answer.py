"""An answer in a name server's name that was made before the name server."""

from edgediag.checked import is_wild
from edgediag.inference.claim import finding
from edgediag.inference.ladders import answer_origin, ladder_packets
from edgediag.inference.name_answers import nobody_of, said_of_names
from edgediag.inference.origin import claim_on, is_nearer
from edgediag.inference.reading import outcome_of, packets_of, reply_of
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.reply import DnsReply
from edgediag.model.verdict import Finding, Mechanism

ID = "forged-answer"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A box on the path answers queries in the name server's stead.

    Holds because   a hop limit that cannot reach the name server draws its answer. If the answer
                    arrives with the hop limit of the router at that distance, that router made it
    Does not hold   without a control that met the name server itself, or where the answers begin at
                    its own distance
    Asks for        the ladder, a control to the same host, queries for names that nobody has
    source          RFC 5452 §4 (whoever sees the query can answer it)
    """
    reply, origin = reply_of(evidence), answer_origin(evidence)
    if not isinstance(reply, DnsReply) or origin is None or not is_nearer(origin):
        return None
    named, genuine = origin.named, origin.genuine
    if named is None or genuine is None or not isinstance(named.reply, DnsReply):
        return None
    outcome, nobody = outcome_of(evidence), nobody_of(evidence)
    said = said_of_names(outcome, nobody if is_wild(evidence.attempts, nobody) else ())
    text = (
        f"a query with hop limit {named.distance} is answered in the name of "
        f"{evidence.flow.destination}, which is {genuine.distance} hops away; the answer {said}"
    )
    claim = claim_on(origin, Mechanism.DNS_HIJACK, Mechanism.DNS_FAILURE)
    packets = {
        *packets_of((outcome, *nobody)),
        *ladder_packets((origin.ladder, *origin.controls)),
    }
    remedy = "ask whoever runs that hop to let DNS pass, or ask by a way that it does not see"
    return finding(ID, evidence, claim, (text, remedy, tuple(sorted(packets))))
