"""What the session remembers of one probe, and what that amounts to."""

from dataclasses import dataclass, field
from math import inf

from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import NextHop
from edgediag.model.flow import Flow
from edgediag.model.outcome import Answered, Outcome, SendFailed, Sighted, Unanswered
from edgediag.model.packet import Payload
from edgediag.model.probe import Probe, Purpose, Way
from edgediag.model.reply import (
    AnswerOctets,
    Connected,
    ConnectedMute,
    IcmpReply,
    Reply,
    Reset,
    SocketError,
    TlsAnswer,
    TlsReply,
)
from edgediag.session.far_end import FarEnd, answer_octets


@dataclass(slots=True, kw_only=True)
class Stream:
    """What is known of a TCP connection that the kernel holds for us.

    reply            what the octets received mean, None while they mean nothing
    sent_upto        the sequence number after the last octet the tap saw leave
    acknowledged     the highest acknowledgement the tap saw come in
    synack, reset    hop limits as received; when the reset came, and whether by a wire
    is_finished      the tap saw the far end close in good order
    next_sequence, next_acknowledgement  of a segment of ours, as the SYN-ACK has it
    last_rung        the probe whose octets were sent last on it
    is_spent         octets sent on it drew a reset or were acknowledged
    taken            octets that the socket was given
    """

    octets: bytearray = field(default_factory=bytearray)
    is_open: bool = False
    is_ended: bool = False
    reply: Reply | None = None
    sent_upto: int | None = None
    acknowledged: int | None = None
    synack_hop_limit: int | None = None
    reset_hop_limit: int | None = None
    reset_s: float = 0.0
    is_reset_from_outside: bool = False
    is_finished: bool = False
    next_sequence: int | None = None
    next_acknowledgement: int = 0
    last_rung: int | None = None
    is_spent: bool = False
    taken: int = 0
    far_end: FarEnd = field(default_factory=FarEnd)

    @property
    def has_left(self) -> bool:
        """True if the tap saw octets leave, or did not see the connection at all."""
        return self.sent_upto is not None or self.synack_hop_limit is None


@dataclass(slots=True, kw_only=True)
class Track:
    """One probe under way.

    payload   the transport payload, or the octets for a stream
    due_s     what the schedule counts from; it moves on while the pace holds the first try back
    direct    what a packet in the destination's name said; when it, or a connection, came
    icmp      the first ICMP error that quotes the probe, and when it came
    sent_s    the moment of each try that the kernel took
    refused   how many tries it did not take
    is_told   the socket was told of an error after it had sent
    carrier   the stream on whose connection octets with a hop limit are sent, None for all others
    flows     on which packets of a kernel's socket were seen leaving; more than one where this
              host's NAT made another of it
    syn_sequence  of the SYN that was seen first, None before
    is_withheld  it is not asked: its gateway was asked as often as it may be
    """

    probe: Probe
    payload: Payload | bytes
    next_hop: NextHop | None
    due_s: float
    tries: int = 0
    sent_s: list[float] = field(default_factory=list)
    refused: int = 0
    errno_name: str = ""
    is_told: bool = False
    is_delivered: bool = False
    direct: Reply | None = None
    answered_s: float | None = None
    icmp: IcmpReply | None = None
    icmp_s: float | None = None
    seen: list[Sighted] = field(default_factory=list)
    stream: Stream | None = None
    is_closed: bool = False
    carrier: "Track | None" = None
    flows: set[Flow] = field(default_factory=set)
    syn_sequence: int | None = None
    is_withheld: bool = False

    @property
    def deadline_s(self) -> float:
        """When silence counts: never that of a probe that was not sent.

        A connection that stood late leaves its far end the whole time for an answer all the same.
        """
        if not self.tries:
            return inf
        timeout_s = self.probe.schedule.timeout_s
        deadline_s = self._since_s + timeout_s
        is_open = self.stream is not None and self.stream.is_open and not self.is_closed
        if not is_open or self.answered_s is None or self.answered_s >= deadline_s:
            return deadline_s
        return max(deadline_s, self.answered_s + timeout_s)

    @property
    def next_try_s(self) -> float | None:
        """When the next try is due, None where none is left or its connection does not stand."""
        offsets = self.probe.schedule.offsets_s
        if self.is_withheld or self.tries >= len(offsets) or not _stands(self.carrier):
            return None
        return self._since_s + offsets[self.tries]

    @property
    def _since_s(self) -> float:
        # Octets with a hop limit follow one another from the moment when their connection stands.
        opened_s = None if self.carrier is None else self.carrier.answered_s
        return self.due_s if opened_s is None else max(self.due_s, opened_s)


def is_over(track: Track, now_s: float) -> bool:
    """True once it has its outcome, or will never have one."""
    return track.is_withheld or is_settled(track, now_s)


def is_settled(track: Track, now_s: float) -> bool:
    """True once nothing more needs to be waited for; a late answer may still change the outcome."""
    if track.probe.purpose is Purpose.CARRY:
        return _has_ended(track) or now_s >= track.deadline_s
    if reply_of(track) is not None or now_s >= track.deadline_s:
        return True
    if track.carrier is not None and is_settled(track.carrier, now_s):
        return True
    return track.next_try_s is None and _was_refused(track)


def _stands(carrier: Track | None) -> bool:
    # The tap may learn of the SYN-ACK later than the socket.
    stream = None if carrier is None else carrier.stream
    return stream is None or (stream.is_open and stream.next_sequence is not None)


def _has_ended(track: Track) -> bool:
    stream = track.stream
    is_ended = stream is not None and (stream.is_ended or stream.is_spent)
    return is_ended or bool(track.errno_name)


def outcome_of(track: Track, now_s: float) -> Outcome:
    """The outcome as it stands."""
    seen = tuple(track.seen)
    reply = reply_of(track) or _at_last(track, now_s)
    if reply is not None:
        return Answered(
            probe=track.probe,
            reply=reply,
            rtt_s=_rtt_s(track, track.icmp_s if reply is track.icmp else track.answered_s),
            tries=track.tries,
            seen=seen,
        )
    if _was_refused(track):
        return SendFailed(probe=track.probe, errno_name=track.errno_name, seen=seen)
    waited_s = max(0.0, min(now_s, track.deadline_s) - track.due_s)
    return Unanswered(probe=track.probe, waited_s=waited_s, tries=track.tries, seen=seen)


def reply_of(track: Track) -> Reply | None:
    """What was said to the probe so far.

    An answer in the destination's own name outweighs an ICMP error, and that outweighs an errno
    that no packet accounts for.
    """
    if track.stream is not None:
        return _stream_reply(track, track.stream)
    if track.probe.way is Way.SOCKET and not track.is_delivered:
        # The tap may have seen the answer; the application did not.
        return track.icmp or _socket_error(track)
    return track.direct or track.icmp or _socket_error(track)


def _stream_reply(track: Track, stream: Stream) -> Reply | None:
    if stream.reply is not None and not _is_awaited(track, stream.reply):
        return stream.reply
    if stream.is_open and track.payload == b"":
        return Connected(hop_limit=stream.synack_hop_limit)
    # Whoever closes before it has read what we sent resets after its FIN (RFC 9293 §3.6.1).
    is_closed = stream.is_ended or (bool(track.errno_name) and stream.is_finished)
    if stream.is_open and track.errno_name and not is_closed:
        return _reset_reply(stream)
    if stream.is_open:
        # An ICMP error ends no connection that stands (RFC 1122 §4.2.3.9): the answer may follow.
        return TlsReply(answer=TlsAnswer.CLOSED, alert=0, hop_limit=None) if is_closed else None
    if track.errno_name and stream.reset_hop_limit is not None:
        return Reset(hop_limit=stream.reset_hop_limit)
    return track.icmp or _socket_error(track)


def _reset_reply(stream: Stream) -> Reply:
    octets = answer_octets(stream.far_end, stream.taken, stream.reset_s)
    # Who resets at once does so before the octets can leave.
    is_kept = not stream.has_left and not stream.is_reset_from_outside
    if is_kept or octets.is_withheld:
        return _mute(stream, octets)
    return TlsReply(answer=TlsAnswer.RESET, alert=0, hop_limit=stream.reset_hop_limit)


def _mute(stream: Stream, octets: AnswerOctets) -> ConnectedMute:
    return ConnectedMute(
        has_left=stream.has_left,
        is_acknowledged=is_acknowledged(stream),
        hop_limit=stream.synack_hop_limit,
        octets=octets,
    )


def _is_awaited(track: Track, reply: Reply) -> bool:
    """True if more must follow: a flight is asked for to its end."""
    is_begun = isinstance(reply, TlsReply) and reply.answer is TlsAnswer.SERVER_HELLO
    return is_begun and track.probe.kind is ProbeKind.TLS_FLIGHT


def _at_last(track: Track, now_s: float) -> Reply | None:
    stream = track.stream
    if stream is None or not stream.is_open:
        is_refused_at_times = 0 < track.refused < track.tries
        return SocketError(errno_name=track.errno_name) if is_refused_at_times else None
    octets = answer_octets(stream.far_end, stream.taken, now_s)
    if stream.reply is not None and not (octets.is_missing or octets.is_withheld):
        return stream.reply
    return track.icmp or _mute(stream, octets)


def is_acknowledged(stream: Stream) -> bool:
    """True if the far end acknowledged all that the tap saw leave."""
    if stream.sent_upto is None or stream.acknowledged is None:
        return False
    return is_at_or_after(stream.acknowledged, stream.sent_upto)


def is_at_or_after(sequence: int, other: int) -> bool:
    """True if a sequence number is the other or follows it: half of the circle lies ahead.

    source  RFC 9293 §3.4
    """
    return (sequence - other) % 2**32 < 2**31


def _socket_error(track: Track) -> Reply | None:
    if not track.is_told or _was_refused(track):
        return None
    return SocketError(errno_name=track.errno_name)


def _was_refused(track: Track) -> bool:
    return track.refused > 0 and track.refused == track.tries


def _rtt_s(track: Track, answered_s: float | None) -> float:
    if answered_s is None or not track.sent_s:
        return 0.0
    earlier = [moment for moment in track.sent_s if moment <= answered_s]
    return max(0.0, answered_s - (earlier or track.sent_s)[-1])
