"""A connection that somebody accepts in the host's name before it can have reached the host."""

from edgediag.inference.claim import finding
from edgediag.inference.ladders import ladder_packets, ladders_of
from edgediag.inference.proxy import accepts_before_host
from edgediag.inference.reading import outcome_of, packets_of
from edgediag.inference.wording import locus_named
from edgediag.meaning import is_sent_elsewhere
from edgediag.model.evidence import FlowEvidence, HandshakeEvidence
from edgediag.model.host import HostState
from edgediag.model.outcome import Answered
from edgediag.model.reply import Connected, ConnectedMute, SynAck, TlsAnswer, TlsReply
from edgediag.model.verdict import Finding

ID = "accepted-on-path"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """A proxy on the path accepts the connection in the destination's name.

    Holds because   a SYN is accepted whose hop limit cannot reach the host: an echo to that host
                    expires there, or its own echo is met farther away. The router whose errors
                    arrive with the hop limit of the SYN-ACK is the one
    Does not hold   where a service proved itself behind the handshake, where this host rewrites the
                    destination, or by a hop limit of the SYN-ACK alone: a load balancer or a host
                    may begin with any. A proxy that hands on what it accepts blocks nobody
    Asks for        a SYN and an echo that come as far as the SYN-ACK seems to be from; the ladder,
                    a control to the same host
    """
    claim = accepts_before_host(evidence) if _is_handshake_alone(evidence) else None
    if claim is None:
        return None
    where = f"between {locus_named(claim.after)} and {locus_named(claim.upto)}"
    text = (
        f"a SYN that cannot reach {evidence.flow.destination} is accepted in its name {where}, and "
        "whether the host itself would accept it is not known"
    )
    remedy = f"ask whoever runs the path {where} for a proxy that takes connections over"
    packets = {*_packets(evidence), *ladder_packets(ladders_of(evidence))}
    return finding(ID, evidence, claim, (text, remedy, tuple(sorted(packets))))


def _is_handshake_alone(evidence: FlowEvidence) -> bool:
    outcome = outcome_of(evidence)
    if is_sent_elsewhere(outcome):
        return False
    match outcome:
        case Answered(reply=SynAck() | Connected() | ConnectedMute(has_left=True)):
            return True
        case Answered(reply=TlsReply(answer=answer)):
            return answer not in (TlsAnswer.SERVER_HELLO, TlsAnswer.ALERT)
        case _:
            return False


def _packets(evidence: FlowEvidence) -> tuple[int, ...]:
    handshake = evidence.handshake
    asked = (handshake.syn, handshake.echo) if isinstance(handshake, HandshakeEvidence) else ()
    outcomes = [item for item in asked if isinstance(item, Answered)]
    return packets_of([outcome_of(evidence), *outcomes])
