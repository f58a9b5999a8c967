"""An ICMP error from the destination itself."""

from edgediag.inference.claim import at_destination, finding
from edgediag.inference.drawn import icmp_of, is_from_outside
from edgediag.inference.ladders import after_of
from edgediag.model.evidence import FlowEvidence
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState
from edgediag.model.reply import IcmpKind, IcmpReply
from edgediag.model.verdict import Certainty, Finding, Mechanism

ID = "icmp-from-host"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The destination got the probe and refuses it.

    Holds because   the error quotes the very probe and bears the destination's address: the path
                    is open to the host
    Does not hold   the same error from a router; nor to packets that never left: a translation of
                    this host gives its own errors the address that was asked
    Asks for        the attempts, the tap
    source          RFC 1122 §3.2.2.1 (port unreachable), RFC 1812 §5.2.7.1 (prohibited)
    """
    drawn = icmp_of(evidence)
    if drawn is None or drawn.reply.sender != evidence.flow.destination:
        return None
    if not is_from_outside(drawn, evidence):
        return None
    reply = drawn.reply
    if reply.kind is IcmpKind.TIME_EXCEEDED:
        return None
    text = f"{reply.sender} itself answers with ICMP {reply.kind.value}, quoting the probe"
    claim = at_destination(after_of(evidence), _mechanism(evidence, reply), Certainty.PROVEN)
    said = (text, _remedy(evidence, reply), drawn.packets)
    return finding(ID, evidence, claim, said)


def _mechanism(evidence: FlowEvidence, reply: IcmpReply) -> Mechanism:
    if reply.kind is IcmpKind.ADMIN_PROHIBITED:
        return Mechanism.ADMIN_PROHIBITED
    # A closed UDP port says "port unreachable"; a closed TCP port would send a reset, so this is
    # the host's own filter.
    if reply.kind is IcmpKind.PORT_UNREACHABLE and evidence.flow.protocol is Protocol.UDP:
        return Mechanism.REFUSED
    return Mechanism.ICMP_UNREACHABLE


def _remedy(evidence: FlowEvidence, reply: IcmpReply) -> str:
    flow = evidence.flow
    if _mechanism(evidence, reply) is Mechanism.REFUSED:
        return f"start the service on {flow.destination} port {flow.destination_port}"
    if reply.kind is IcmpKind.HOST_UNREACHABLE:
        # A host looks for no other to serve by itself; a balancer does.
        return f"{flow.destination} passes the flow on to nobody: look at its back ends"
    return f"look at the firewall of {flow.destination} itself"
