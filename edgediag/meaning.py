"""What a reply amounts to, said once for planning, evidence and inference."""

from edgediag.compat import assert_never
from edgediag.model.evidence import ClockOffset
from edgediag.model.flow import Address, Flow
from edgediag.model.outcome import Answered, Outcome, SendFailed, Unanswered
from edgediag.model.packet import LOOPBACK, Sighting
from edgediag.model.probe import Way
from edgediag.model.reply import (
    Acknowledged,
    AnswerOctets,
    Connected,
    ConnectedMute,
    DnsReply,
    EchoReply,
    IcmpKind,
    IcmpReply,
    IkeReply,
    NtpReply,
    ProxyReply,
    Reply,
    Reset,
    SocketError,
    SynAck,
    TlsAnswer,
    TlsReply,
    TunnelledEcho,
)

# RCODE of RFC 1035 §4.1.1.
_NOERROR = 0

# RFC 9110 §15.3.
_SUCCESSFUL = range(200, 300)
# RFC 9110 §15.5.8.
_WANTS_CREDENTIALS = 407

# Leap indicator 3: clock not synchronised; strata 1 to 15 are synchronised (RFC 5905 §7.3).
_LEAP_UNSYNCHRONISED = 3
_SYNCHRONISED_STRATA = range(1, 16)

# Tokens and certificates made a moment ago are refused by a clock that lags by a minute. What a
# path with unequal ways adds to an offset is less than its round trip.
CLOCK_TOLERANCE_S = 60.0

# Initial hop limits in use: Linux and most routers 64, Windows 128, Solaris and some routers 255.
_INITIAL_HOP_LIMITS = (64, 128, 255)


def is_service(reply: Reply) -> bool:
    """True if the service itself works as a client needs it."""
    match reply:
        case SynAck() | EchoReply() | TunnelledEcho() | IkeReply() | Connected():
            return True
        case NtpReply():
            return is_synchronised(reply)
        case DnsReply():
            # A resolver is there to give addresses. That a name does not exist is an answer too,
            # but of one that says so of every name nobody can tell who says it.
            return reply.rcode == _NOERROR and (bool(reply.addresses) or reply.is_truncated)
        case TlsReply():
            # An alert is the server's own word: it wants a client certificate or another name.
            return reply.answer in (TlsAnswer.SERVER_HELLO, TlsAnswer.ALERT)
        case ProxyReply():
            # It is asked without the credentials that its own clients may have.
            return reply.status in _SUCCESSFUL or reply.status == _WANTS_CREDENTIALS
        case Reset() | IcmpReply() | ConnectedMute() | Acknowledged() | SocketError():
            return False
        case _:
            assert_never(reply)


def are_octets_kept(outcome: Outcome) -> bool:
    """True if a handshake passed and the octets that followed it were not seen leaving."""
    match outcome:
        case Answered(reply=ConnectedMute(has_left=False)):
            return True
        case _:
            return False


def is_answer_withheld(outcome: Outcome) -> bool:
    """True if an answer on a connection came to this host and its socket did not get it."""
    match outcome:
        case Answered(reply=ConnectedMute(octets=AnswerOctets() as octets)):
            return octets.is_withheld
        case _:
            return False


def is_answer_lost_here(outcome: Outcome) -> bool:
    """True if an answer was seen coming in that the socket never got."""
    is_silent = isinstance(outcome, Unanswered) and has_come_back(outcome)
    return is_silent or is_answer_withheld(outcome)


def is_synchronised(reply: NtpReply) -> bool:
    """True if the server's clock may be followed."""
    return reply.stratum in _SYNCHRONISED_STRATA and reply.leap != _LEAP_UNSYNCHRONISED


def is_off(clock: ClockOffset) -> bool:
    """True if this host's clock and a server's differ by more than leases and tokens bear."""
    return abs(clock.offset_s) > CLOCK_TOLERANCE_S


def speaks_for(reply: Reply, destination: Address) -> bool:
    """True if the reply came in the destination's own name, be it only to refuse."""
    match reply:
        case IcmpReply():
            return reply.sender == destination
        case SocketError():
            return False
        case _:
            return True


def is_answered_by(outcome: Outcome, destination: Address) -> bool:
    """True if the destination itself answered, be it only to refuse."""
    return isinstance(outcome, Answered) and speaks_for(outcome.reply, destination)


def received_hop_limit(reply: Reply) -> int | None:
    """The hop limit with which a reply in the destination's name arrived, None where not known."""
    match reply:
        case SynAck() | Reset() | EchoReply() | IkeReply() | NtpReply() | DnsReply():
            return reply.hop_limit or None
        case TunnelledEcho():
            return reply.hop_limit
        case Acknowledged():
            return reply.hop_limit
        case Connected() | TlsReply() | ConnectedMute():
            return reply.hop_limit
        case IcmpReply():
            return reply.hop_limit
        case SocketError() | ProxyReply():
            return None
        case _:
            assert_never(reply)


def distance(hop_limit: int) -> int:
    """How many hops away the sender of a packet is that arrived with this hop limit.

    Right for senders that start at 64, 128 or 255 and answer along a path as long as ours.
    """
    initial = next(value for value in _INITIAL_HOP_LIMITS if value >= hop_limit)
    return initial - hop_limit + 1


def has_left(outcome: Outcome) -> bool:
    """True if a tap saw the probe leave this host; the loopback device does not count."""
    return _is_sighted(outcome, Sighting.TAP_OUT)


def leaves_by(outcome: Outcome) -> tuple[str, ...]:
    """The devices by which a tap saw the probe leave, each once."""
    seen = (item for item in outcome.seen if item.sighting is Sighting.TAP_OUT)
    return tuple(dict.fromkeys(item.interface for item in seen))


def has_come_back(outcome: Outcome) -> bool:
    """True if a tap saw an answer arrive from outside."""
    return _is_sighted(outcome, Sighting.TAP_IN)


def is_gone(outcome: Outcome) -> bool:
    """True if the probe was seen leaving, and nothing came back to it.

    A driver may tell that it dropped a frame after the tap has seen it, as one too long for it.
    """
    is_silent = isinstance(outcome, Unanswered | SendFailed)
    return is_silent and has_left(outcome) and not has_come_back(outcome)


def wire_flow(outcome: Outcome) -> Flow:
    """The flow as it last left this host; as asked where no tap saw another."""
    rewritten = [seen.rewritten for seen in outcome.seen if seen.rewritten is not None]
    return rewritten[-1] if rewritten else outcome.probe.flow


def is_rewritten(outcome: Outcome) -> bool:
    """True if this host made another flow of it: a tap sees answers on that one alone."""
    return wire_flow(outcome) != outcome.probe.flow


def is_sent_elsewhere(outcome: Outcome) -> bool:
    """True if this host sent the probe to another destination than was asked."""
    wire, asked = wire_flow(outcome), outcome.probe.flow
    return (wire.destination, wire.destination_port) != (asked.destination, asked.destination_port)


def is_answered_well(outcome: Outcome) -> bool:
    """True if the probe was answered by a service that works."""
    return isinstance(outcome, Answered) and is_service(outcome.reply)


def is_returned(outcome: Outcome | None) -> bool:
    """True if an echo that went through an overlay came back, through the overlay or bare."""
    return isinstance(outcome, Answered) and isinstance(outcome.reply, TunnelledEcho)


def is_refused(outcome: Outcome) -> bool:
    """True if an ICMP error says that the probe was not carried on; expiry is no refusal."""
    if not isinstance(outcome, Answered) or not isinstance(outcome.reply, IcmpReply):
        return False
    return outcome.reply.kind is not IcmpKind.TIME_EXCEEDED


def decisive(attempts: tuple[Outcome, ...]) -> Outcome:
    """The attempt that says what an application would meet: the last one through a socket.

    Of several, as a resolver has that was asked for many names, one that was answered well or at
    all stands for the others: hosts limit their errors, and an application asks again.
    """
    sockets = tuple(item for item in attempts if item.probe.way is Way.SOCKET) or attempts
    return max(reversed(sockets), key=_worth)


def _worth(outcome: Outcome) -> int:
    return isinstance(outcome, Answered) + is_answered_well(outcome)


def _is_sighted(outcome: Outcome, sighting: Sighting) -> bool:
    return any(seen.sighting is sighting and seen.interface != LOOPBACK for seen in outcome.seen)
