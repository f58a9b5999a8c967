"""Octets of which some bits are not known, and what can be said of them all the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgediag.host.attributes import NATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Octets:
    """A value with the bits of it that are known.

    value   0 in every bit that is not known
    known   as long as `value`, 1 in every bit that is known
    reason  what keeps the others from being known: "ip ttl", "limit"; "" where all are
    """

    value: bytes
    known: bytes
    reason: str

    @property
    def is_known(self) -> bool:
        """Whether every bit is known."""
        return not self.known.strip(b"\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """Neither yes nor no, and what it hangs on."""

    reason: str


Truth = bool | Unsure


def known(value: bytes) -> Octets:
    """A value of which every bit is known."""
    return Octets(value=value, known=b"\xff" * len(value), reason="")


def unknown(length: int, reason: str) -> Octets:
    """A value of which nothing is known."""
    return Octets(value=bytes(length), known=bytes(length), reason=reason)


def native_number(number: int, length: int = 4) -> Octets:
    """A number as the kernel holds it in a register."""
    return known((number & ((1 << 8 * length) - 1)).to_bytes(length, NATIVE))


def big_number(number: int, length: int = 2) -> Octets:
    """A number as a header holds it."""
    return known(number.to_bytes(length, "big"))


def within(octets: Octets, prefix_length: int, reason: str) -> Octets:
    """The value with its first bits alone known: somebody of a network."""
    width = 8 * len(octets.value)
    mask = ((1 << width) - (1 << (width - prefix_length))).to_bytes(len(octets.value), "big")
    value = bytes(v & m for v, m in zip(octets.value, mask))
    return Octets(value=value, known=mask, reason=reason)


def joined(parts: Sequence[Octets]) -> Octets:
    """Values one behind the other."""
    return Octets(
        value=b"".join([part.value for part in parts]),
        known=b"".join([part.known for part in parts]),
        reason=next((part.reason for part in parts if part.reason), ""),
    )


def cut(octets: Octets, start: int, length: int) -> Octets:
    """A stretch of a value; what lies behind its end is not known."""
    value, mask = (part[start : start + length] for part in (octets.value, octets.known))
    missing = length - len(value)
    is_whole = not missing and not mask.strip(b"\xff")
    return Octets(
        value=value + bytes(missing),
        known=mask + bytes(missing),
        reason="" if is_whole else octets.reason or "the packet's content",
    )


def stretch(parts: tuple[Octets, ...], start: int, length: int) -> Octets:
    """A stretch of values one behind the other; the reason is that of a part in the stretch."""
    found: list[Octets] = []
    at = 0
    for part in parts:
        first, last = max(start - at, 0), min(start + length - at, len(part.value))
        if first < last:
            found.append(cut(part, first, last - first))
        at += len(part.value)
    return cut(joined(tuple(found)), 0, length)


def masked(octets: Octets, mask: bytes, xor: bytes) -> Octets:
    """(value & mask) ^ xor: a bit that the mask takes away is known to be what xor makes of 0."""
    length = min(len(octets.value), len(mask), len(xor))
    value, kept, bits, turned = (
        int.from_bytes(part[:length], "big") for part in (octets.value, octets.known, mask, xor)
    )
    whole = (1 << 8 * length) - 1
    kept |= whole & ~bits
    return Octets(
        value=((value & bits ^ turned) & kept).to_bytes(length, "big"),
        known=kept.to_bytes(length, "big"),
        reason="" if kept == whole else octets.reason,
    )


def equals(octets: Octets, value: bytes) -> Truth:
    """Whether a value is this one; a known bit that differs decides."""
    length = min(len(octets.value), len(value))
    have, kept, wanted = (
        int.from_bytes(part[:length], "big") for part in (octets.value, octets.known, value)
    )
    if (have ^ wanted) & kept:
        return False
    return True if octets.is_known else Unsure(reason=octets.reason)


def lies_between(octets: Octets, first: bytes, last: bytes) -> Truth:
    """Whether a value is within two others, both inclusive, as memcmp(3) orders them."""
    lowest = octets.value
    highest = bytes(v | ~k & 0xFF for v, k in zip(octets.value, octets.known))
    if highest < first or lowest > last:
        return False
    if first <= lowest and highest <= last:
        return True
    return Unsure(reason=octets.reason)


def intersects(octets: Octets, mask: bytes) -> Truth:
    """Whether a bit of the mask is set in a value."""
    if any(have & bits for have, bits in zip(octets.value, mask)):
        return True
    is_known = all(not bits & ~kept & 0xFF for kept, bits in zip(octets.known, mask))
    return False if is_known else Unsure(reason=octets.reason)


def negated(truth: Truth) -> Truth:
    """No for yes and yes for no."""
    return truth if isinstance(truth, Unsure) else not truth


def turned(truth: Truth, inverted: int) -> Truth:
    """A truth, or where it is inverted the other one."""
    return negated(truth) if inverted else truth


def both(*truths: Truth) -> Truth:
    """Whether all of them hold: one that does not hold decides."""
    if any(truth is False for truth in truths):
        return False
    return next((truth for truth in truths if isinstance(truth, Unsure)), True)


def either(*truths: Truth) -> Truth:
    """Whether one of them holds: one that does decides."""
    return negated(both(*(negated(truth) for truth in truths)))
