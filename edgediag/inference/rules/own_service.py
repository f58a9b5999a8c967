"""A destination on this very host, such as a stub resolver."""

from edgediag.compat import assert_never
from edgediag.discovery.cluster import RESOLV_CONF
from edgediag.inference.claim import ANYWHERE, finding, on_this_host, one_of
from edgediag.inference.reading import is_own_service, outcome_of, packets_of
from edgediag.meaning import is_answered_well
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ListenerObject, ResolverObject
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered, Outcome, SendFailed, Unanswered
from edgediag.model.reply import IcmpKind, IcmpReply, Reply, Reset, SocketError
from edgediag.model.verdict import Claim, Finding, Mechanism

ID = "own-service"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A service of this host itself fails.

    Holds because   packets to an own address never leave this host: if they are refused, nobody
                    listens here. A stub resolver that is silent or says that it failed may itself
                    be waiting for a server elsewhere, so for it every place stays possible, unless
                    one that it forwards to serves when it is asked from here directly. Where
                    no line of resolv.conf names a server, the library asks 127.0.0.1 all the same:
                    then it is the file that lacks something, and not the port
    Does not hold   for destinations elsewhere
    Asks for        the attempts, the route answer, the line that names the server, what came of
                    asking the servers behind a stub
    source          systemd-resolved(8): the stub listens on 127.0.0.53; RFC 5735 §4 (127.0.0.0/8);
                    resolv.conf(5): the default name server
    """
    if not is_own_service(evidence):
        return None
    outcome = outcome_of(evidence)
    flow = evidence.flow
    claim, text = _claim(evidence, outcome)
    remedy = f"look at the service of {flow.destination} port {flow.destination_port} on this host"
    if isinstance(claim.culprit, ResolverObject):
        remedy = f"name a server in {claim.culprit.path}"
        if claim.culprit.line:
            remedy = "restart the stub resolver, and read its log"
    if claim.where == ANYWHERE:
        remedy += ", and ask the servers that it forwards to directly"
    said = (f"{flow.destination} is this host itself: {text}", remedy, packets_of([outcome]))
    return finding(ID, evidence, claim, said)


def _claim(evidence: FlowEvidence, outcome: Outcome) -> tuple[Claim, str]:
    is_stub = evidence.attempts[0].probe.kind is ProbeKind.DNS
    match outcome:
        case SendFailed(errno_name=name):
            return on_this_host(Mechanism.LOCAL_DROP, None), f"the kernel refuses with {name}"
        case Answered(reply=reply) if _is_refusal(reply) and _is_by_default(evidence):
            file = ResolverObject(
                address=evidence.flow.destination, path=RESOLV_CONF, line=0, text=""
            )
            text = f"{RESOLV_CONF} names no server, so it is asked, and nothing listens there"
            return on_this_host(Mechanism.DNS_FAILURE, file), text
        case Answered(reply=reply) if _is_refusal(reply):
            flow = evidence.flow
            culprit = ListenerObject(
                protocol=flow.protocol.value, port=flow.destination_port, address=""
            )
            return on_this_host(Mechanism.NOT_LISTENING, culprit), "nothing listens there"
        case (Answered() | Unanswered()) if is_stub and _serving(evidence):
            server = _serving(evidence)[0].probe.flow.destination
            text = f"the stub resolver there does not resolve, and {server} behind it does"
            return on_this_host(Mechanism.DNS_FAILURE, _line_of(evidence)), text
        case (Answered() | Unanswered()) if is_stub:
            text = "the stub resolver there does not resolve"
            return one_of(ANYWHERE, None, Mechanism.DNS_FAILURE), text
        case Answered() | Unanswered():
            return on_this_host(Mechanism.SERVICE_SILENT, None), "the service there does not serve"
        case _:
            assert_never(outcome)


def _serving(evidence: FlowEvidence) -> tuple[Outcome, ...]:
    """What the servers behind a stub said that serve when they are asked directly."""
    server = evidence.name_server
    behind = () if isinstance(server, NotChecked) else server.upstreams
    return () if isinstance(behind, NotChecked) else tuple(filter(is_answered_well, behind))


def _line_of(evidence: FlowEvidence) -> ResolverObject | None:
    server = evidence.name_server
    line = None if isinstance(server, NotChecked) else server.line
    if line is None:
        return None
    return ResolverObject(address=line.address, path=line.path, line=line.line, text=line.text)


def _is_by_default(evidence: FlowEvidence) -> bool:
    server = evidence.name_server
    return not isinstance(server, NotChecked) and server.line is None


def _is_refusal(reply: Reply) -> bool:
    match reply:
        case IcmpReply(kind=IcmpKind.PORT_UNREACHABLE) | Reset():
            return True
        case SocketError(errno_name=name):
            return name == "ECONNREFUSED"
        case _:
            return False
