"""What the far end of a stream sent, by its own sequence numbers and by what the tap saw of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edgediag.model.packet import TcpSegment
from edgediag.model.reply import AnswerOctets

# Numbers farther ahead are a stranger's: a server that waits for us has sent less.
_MOST_OCTETS: Final = 2**20

# Segments that are remembered: those of 64 KiB are 45.
_MOST_SEGMENTS: Final = 128

# How long a socket may take for what the tap saw.
_DELIVERY_S: Final = 0.1


@dataclass(slots=True, kw_only=True)
class FarEnd:
    """The far end's numbers, counted from the octet behind its SYN.

    came     from what number to what each segment is, and when it came; bare ones too
    end      the number of its FIN, None before
    since_s  when it first acknowledged all of ours, told_s  when it last told a number after that
    """

    begin: int | None = None
    came: list[tuple[int, int, float]] = field(default_factory=list)
    end: int | None = None
    since_s: float | None = None
    told_s: float = 0.0


def note_far_end(far: FarEnd, segment: TcpSegment, at_s: float, *, is_ours_taken: bool) -> None:
    """The tap saw a segment of the far end behind its SYN.

    is_ours_taken  it acknowledges all that was sent
    """
    if far.begin is None or "R" in segment.flags:
        return
    first = (segment.sequence - far.begin) % 2**32
    last = first + len(segment.payload)
    if last > _MOST_OCTETS:
        # Behind what was counted already, as a keep-alive is, or nobody's.
        return
    if "F" in segment.flags:
        far.end = last
    if len(far.came) < _MOST_SEGMENTS:
        far.came.append((first, last, at_s))
    if is_ours_taken:
        far.since_s = at_s if far.since_s is None else far.since_s
        far.told_s = at_s


def answer_octets(far: FarEnd, taken: int, now_s: float) -> AnswerOctets:
    """What all of it amounts to; the FIN counts for one and is no octet (RFC 9293 §3.4).

    What came a moment ago is seen and not due: the socket may be about to get it.
    """
    sent = max((last for _, last, _ in far.came), default=0)
    until_s = now_s - _DELIVERY_S
    return AnswerOctets(
        sent=sent if far.end is None else min(sent, far.end),
        seen=_seen(far.came),
        due=_seen(piece for piece in far.came if piece[2] <= until_s),
        taken=taken,
        quiet_s=0.0 if far.since_s is None else far.told_s - far.since_s,
    )


def _seen(told: Iterable[tuple[int, int, float]]) -> int:
    seen = 0
    for first, last, _ in sorted(told):
        if first > seen:
            break
        seen = max(seen, last)
    return seen
