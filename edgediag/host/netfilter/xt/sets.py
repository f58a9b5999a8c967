"""Rules that look into ipsets or change them: the match set and the target SET.

source  include/uapi/linux/netfilter/xt_set.h, ipset/ip_set.h
"""

import struct
from dataclasses import dataclass
from typing import Final

from edgediag.host.netfilter.statement import XtMatch, XtTarget
from edgediag.host.netfilter.xt.option import Blob, Decoders, joined, option

_SET: Final = struct.Struct("=HBB")
_NO_SET: Final = 0xFFFF
_INVERTED: Final = 1
_RETURN_NOMATCH_1: Final = 1 << 7
# IPSET_DIM_MAX: a set has no more parts.
_MOST_PARTS: Final = 6
_COUNTERS: Final = {
    3: (struct.Struct("=8xB7xQB7xQI"), (0, 1), (2, 3)),
    4: (struct.Struct("=8xQB7xQB7xI"), (1, 0), (3, 2)),
}
_NO_COUNTERS, _NO_SUBCOUNTERS, _RETURN_NOMATCH = 1 << 3, 1 << 4, 1 << 7
_COMPARISONS: Final = {1: ("", "eq"), 2: ("! ", "eq"), 3: ("", "lt"), 4: ("", "gt")}
_EXIST: Final = 1
_MAPS: Final = {1 << 8: "--map-mark", 1 << 9: "--map-prio", 1 << 10: "--map-queue"}
_NO_TIMEOUT: Final = 0xFFFFFFFF
_TARGET_REST: Final = struct.Struct("=II")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMatch:
    """What a rule asks of an ipset.

    sources      for each part of the set's elements whether the packet's source is meant
    has_more     options beyond the plain question: counters, or `is_nomatch`
    """

    index: int
    sources: tuple[bool, ...]
    is_inverted: bool
    has_more: bool


def set_indexes(part: XtMatch | XtTarget) -> tuple[int, ...]:
    """The kernel's numbers for the sets of a match or target, () for any other."""
    if (part.name, part.revision) not in _OF_SETS:
        return ()
    count = 1 if isinstance(part, XtMatch) else 3 if part.revision == 3 else 2
    whole = part.info[: count * _SET.size]
    return tuple(
        index
        for index, _, _ in _SET.iter_unpack(whole[: len(whole) // _SET.size * _SET.size])
        if index != _NO_SET
    )


def set_match(octets: bytes, revision: int) -> SetMatch | None:
    """What the struct of a match asks, None where it is not read."""
    if not 1 <= revision <= 4 or len(octets) < _SET.size:
        return None
    index, parts, flags = _SET.unpack_from(octets)
    has_more = bool(flags & _RETURN_NOMATCH_1)
    if revision in _COUNTERS:
        layout, *places = _COUNTERS[revision]
        if len(octets) < layout.size:
            return None
        fields = layout.unpack_from(octets)
        # Not counting is no condition: it changes nothing of what the rule asks.
        has_more |= bool(fields[-1] & _RETURN_NOMATCH) or any(fields[at] for at, _ in places)
    return SetMatch(
        index=index,
        sources=_sources(parts, flags),
        is_inverted=bool(flags & _INVERTED),
        has_more=has_more,
    )


def _sources(parts: int, flags: int) -> tuple[bool, ...]:
    return tuple(bool(flags >> part & 1) for part in range(1, min(parts, _MOST_PARTS) + 1))


def _match(blob: Blob) -> str:
    flags = blob.numbers(_SET)[2]
    more = _counters(blob) if blob.revision in _COUNTERS else ()
    is_nomatch = blob.revision == 2 and flags & _RETURN_NOMATCH_1
    return joined(
        (
            f"{'! ' * (flags & _INVERTED)}{_named(blob, '--match-set', 0)}",
            "--return-nomatch" if is_nomatch else "",
            *more,
        )
    )


def _counters(blob: Blob) -> tuple[str, ...]:
    layout, packets, octets = _COUNTERS[blob.revision]
    fields = blob.numbers(layout)
    flags = fields[-1]
    compared = (("packets", packets), ("bytes", octets))
    return (
        "--return-nomatch" if flags & _RETURN_NOMATCH else "",
        "! --update-counters" if flags & _NO_COUNTERS else "",
        "! --update-subcounters" if flags & _NO_SUBCOUNTERS else "",
        *(_compared(name, fields[op], fields[value]) for name, (op, value) in compared),
    )


def _compared(name: str, operator: int, value: int) -> str:
    if operator not in _COMPARISONS:
        return ""
    negation, word = _COMPARISONS[operator]
    return f"{negation}--{name}-{word} {value}"


def _named(blob: Blob, name: str, start: int) -> str:
    """A set with the parts of the packet that are looked up in it; "" for none."""
    index, parts, flags = blob.numbers(_SET, start)
    if index == _NO_SET:
        return ""
    directions = ",".join("src" if is_src else "dst" for is_src in _sources(parts, flags))
    return option(name, f"{blob.set_names.get(index, f'#{index}')} {directions}")


def _target(blob: Blob) -> str:
    add, delete = _named(blob, "--add-set", 0), _named(blob, "--del-set", 4)
    if blob.revision == 1:
        return joined((add, delete))
    has_map = blob.revision == 3
    flags, timeout = blob.numbers(_TARGET_REST, 12 if has_map else 8)
    mapped = _named(blob, "--map-set", 8) if has_map else ""
    # The kernel's map flags mean something only beside a map.
    maps = (word for bit, word in _MAPS.items() if mapped and flags & bit)
    return joined(
        (
            add,
            "--exist" if add and flags & _EXIST else "",
            option("--timeout", timeout) if add and timeout != _NO_TIMEOUT else "",
            delete,
            mapped,
            *maps,
        )
    )


MATCHES: Final[Decoders] = {("set", revision): _match for revision in (1, 2, 3, 4)}

TARGETS: Final[Decoders] = {("SET", revision): _target for revision in (1, 2, 3)}

_OF_SETS: Final = frozenset((*MATCHES, *TARGETS))
