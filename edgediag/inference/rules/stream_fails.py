"""A connection that stands and carries nothing."""

from edgediag.inference.claim import LOST_OUTSIDE, at_destination, finding, on_this_host, one_of
from edgediag.inference.ladders import after_of, genuine_hop_limit
from edgediag.inference.octets import (
    carrier_of_octets,
    conversation_packets,
    failing_stream,
    has_told_silence,
    is_met_at_host,
    is_served,
    missing_answer,
)
from edgediag.inference.proxy import accepts_before_host
from edgediag.inference.reading import met_loss, outcome_of, packets_of, reply_of
from edgediag.meaning import (
    are_octets_kept,
    is_answer_withheld,
    is_service,
    received_hop_limit,
)
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.reply import (
    Acknowledged,
    AnswerOctets,
    ConnectedMute,
    ProxyReply,
    Reply,
    Reset,
    TlsAnswer,
    TlsReply,
)
from edgediag.model.verdict import Certainty, Claim, Finding, Mechanism

ID = "stream-fails"

_BY_LOSS = (Mechanism.SILENT_DROP, Mechanism.RETURN_PATH)
_MET_AT_HOST = "; octets with a hop limit are met where the host is, and no nearer"
_NEVER_LEFT = "the handshake is seen on the wire, and the {} never left this host"


def judge(evidence: FlowEvidence, host: HostState) -> Finding | None:
    """The handshake works, the conversation does not.

    Holds because   what ends the connection is known: the far end closes it in good order; or the
                    tap saw the handshake and never the octets leave, which then were dropped on
                    this host. A SYN-ACK drawn by a hop limit that cannot reach the host was made
                    on the path, and so is all that follows it. Octets that draw a reset, or are
                    acknowledged, where the host itself is and no nearer came as far as the host.
                    Whoever acknowledges tells with a number what it sent itself: an answer that is
                    counted there and was never seen here was lost on its way
    Does not hold   as a proof of a drop in a run that met loss; as a proof of one place without
                    octets of a hop limit: a filter for data looks the same. Acknowledged octets
                    without an answer are a dead application, or an answer that the way back
                    swallows, unless small segments and another name are not answered either and
                    the far end tells once more, a while later, that it sent nothing. How far the
                    handshake came says nothing of the octets
    Asks for        the attempt through a kernel socket, the ladder, a control to the same host,
                    octets with a hop limit, the same question in small segments, keep-alives
    source          RFC 9293 §3.4, §3.8.4
    """
    outcome, reply = outcome_of(evidence), reply_of(evidence)
    asked = _asked(evidence)
    if are_octets_kept(outcome):
        remedy = "look for rules that match the length or the content"
        said_here = (_NEVER_LEFT.format(asked), remedy, packets_of([outcome]))
        return finding(ID, evidence, on_this_host(Mechanism.LOCAL_DROP, None), said_here)
    said = None
    if reply is not None and not is_service(reply) and not is_answer_withheld(outcome):
        said = _said(reply, missing_answer(evidence), asked)
    if reply is None or said is None:
        return None
    mechanism, text, is_host = said
    if mechanism in _BY_LOSS and met_loss(evidence):
        mechanism = Mechanism.LOSS
    claim = accepts_before_host(evidence) or _claim(evidence, reply, (mechanism, is_host))
    remedy = _remedy(evidence, reply)
    if _certainty_of_host(evidence, reply) is not None:
        text += _MET_AT_HOST
    return finding(ID, evidence, claim, (text, remedy, conversation_packets(evidence)))


def _asked(evidence: FlowEvidence) -> str:
    probe = outcome_of(evidence).probe
    match probe.kind:
        case ProbeKind.DNS_TCP:
            return "query"
        case ProbeKind.HTTP_CONNECT:
            return f"CONNECT {probe.name}"
        case _:
            return "ClientHello"


def _remedy(evidence: FlowEvidence, reply: Reply) -> str:
    place = f"{evidence.flow.destination} port {evidence.flow.destination_port}"
    if isinstance(reply, ProxyReply) and reply.status:
        name = outcome_of(evidence).probe.name
        return f"ask whoever runs the forward proxy {place} why it opens no way to {name}"
    return f"look at the service behind {place}, a load balancer without back end for one"


def _said(
    reply: Reply, missing: AnswerOctets | None, asked: str
) -> tuple[Mechanism, str, bool] | None:
    match reply:
        case TlsReply(answer=TlsAnswer.CLOSED):
            return Mechanism.SERVICE_REFUSES, "the connection is accepted and closed at once", True
        case TlsReply(answer=TlsAnswer.NOT_TLS):
            return Mechanism.SERVICE_REFUSES, "something answers that does not speak TLS", False
        case TlsReply(answer=TlsAnswer.RESET):
            return Mechanism.RESET, f"the connection is reset after the {asked}", False
        case ProxyReply(status=0):
            return Mechanism.SERVICE_REFUSES, "something answers that does not speak HTTP", False
        case ProxyReply(status=status):
            text = f"the forward proxy answers {asked} with status {status}"
            return Mechanism.SERVICE_REFUSES, text, False
        case ConnectedMute(is_acknowledged=True) if missing is not None:
            arrived = max(missing.seen, missing.taken)
            text = (
                f"the {asked} is acknowledged, and of an answer of at least {missing.sent} octets "
                f"{arrived} came back"
            )
            return Mechanism.RETURN_PATH, text, False
        case ConnectedMute(is_acknowledged=True):
            text = f"the {asked} is acknowledged and never answered"
            return Mechanism.SERVICE_SILENT, text, False
        case ConnectedMute():
            text = "the connection stands, and no octet sent on it is acknowledged"
            return Mechanism.SILENT_DROP, text, False
        case _:
            return None


def _claim(evidence: FlowEvidence, reply: Reply, said: tuple[Mechanism, bool]) -> Claim:
    mechanism, is_host = said
    hop_limit, genuine = received_hop_limit(reply), genuine_hop_limit(evidence)
    is_foreign = None not in (hop_limit, genuine) and hop_limit != genuine
    if is_host and not is_foreign:
        return at_destination(after_of(evidence), mechanism, Certainty.PROVEN)
    certainty = None if mechanism is Mechanism.LOSS else _certainty_of_host(evidence, reply)
    if certainty is not None:
        return at_destination(after_of(evidence), mechanism, certainty)
    after = after_of(evidence) if _has_arrived(reply) else carrier_of_octets(evidence)
    return one_of(LOST_OUTSIDE, after, mechanism)


def _certainty_of_host(evidence: FlowEvidence, reply: Reply) -> Certainty | None:
    """How sure it is that the host did it, None where a box on the path may have."""
    match reply:
        case TlsReply(answer=TlsAnswer.RESET):
            is_genuine = received_hop_limit(reply) == genuine_hop_limit(evidence)
            is_met = is_met_at_host(evidence, Reset) or is_met_at_host(evidence, Acknowledged)
            # A box at the host's own distance looks the same.
            return Certainty.BOUNDED if is_genuine and is_met else None
        case TlsReply(answer=TlsAnswer.NOT_TLS) | ProxyReply() if is_met_at_host(
            evidence, Acknowledged
        ):
            return Certainty.PROVEN
        case ConnectedMute(is_acknowledged=True) if is_met_at_host(evidence, Acknowledged):
            stream = failing_stream(evidence)
            is_mute = stream is not None and not is_served(stream.other_name)
            is_asked = stream is not None and not isinstance(stream.small, NotChecked)
            is_small = stream is not None and is_served(stream.small)
            is_silent = is_mute and is_asked and not is_small
            return Certainty.PROVEN if is_silent and has_told_silence(evidence) else None
        case _:
            return None


def _has_arrived(reply: Reply) -> bool:
    """True if the octets came to whoever holds the connection."""
    match reply:
        case ConnectedMute(is_acknowledged=is_acknowledged):
            return is_acknowledged
        case TlsReply(answer=answer):
            return answer is not TlsAnswer.RESET
        case _:
            return True
