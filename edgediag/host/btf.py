"""The kernel's own description of its types (BTF): where members lie, what enumerators are called.

What is malformed, cut short or of a kind that is not known here is no description at all.

source  Linux, Documentation/bpf/btf.rst; include/uapi/linux/btf.h
"""

import struct
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_HEADER: Final = struct.Struct("<HBBIIIII")
_MAGIC: Final = 0xEB9F
_WORD: Final = 4
# Some 6 MB describe a distribution's kernel.
MAX_OCTETS: Final = 64 * 1024 * 1024

_INT, _PTR, _ARRAY, _STRUCT, _UNION, _ENUM, _TYPEDEF, _FUNC_PROTO = 1, 2, 3, 4, 5, 6, 8, 13
_VAR, _DATASEC, _DECL_TAG, _ENUM64 = 14, 15, 17, 19
# Words of each kind: as many at its head, and as many for each of its members. Head 0: unknown.
_HEADS: Final = tuple(
    {_INT: 4, _ARRAY: 6, _VAR: 4, _DECL_TAG: 4}.get(kind, 3 if 1 <= kind <= _ENUM64 else 0)
    for kind in range(32)
)
_MEMBERS: Final = tuple(
    {_STRUCT: 3, _UNION: 3, _ENUM: 2, _FUNC_PROTO: 2, _DATASEC: 3, _ENUM64: 3}.get(kind, 0)
    for kind in range(32)
)
_HEAD: Final = 3
# Of a bit offset in a structure that has bit fields; the rest is their size.
_BIT_OFFSET: Final = 0x00FFFFFF
_HAS_BIT_FIELDS: Final = 0x80000000


@dataclass(frozen=True, slots=True, kw_only=True)
class Btf:
    """Types by their number, which counts from 1.

    types    the section of types
    words    the same, by words
    starts   of each type, as the number of its first word, ascending; entry 0 stands for void
    strings  the section of names
    """

    types: bytes
    words: Sequence[int]
    starts: Sequence[int]
    strings: bytes


def read_btf(blob: bytes) -> Btf | None:
    """The types described by the content of /sys/kernel/btf/vmlinux, None if it is malformed."""
    if not _HEADER.size <= len(blob) <= MAX_OCTETS:
        return None
    magic, _, _, head, types_at, types_size, strings_at, strings_size = _HEADER.unpack_from(blob)
    types = blob[head + types_at : head + types_at + types_size]
    strings = blob[head + strings_at : head + strings_at + strings_size]
    is_whole = len(types) == types_size and len(strings) == strings_size
    if magic != _MAGIC or not is_whole or len(types) % _WORD:
        return None
    words = memoryview(types).cast("I")
    starts = _starts(words)
    if starts is None:
        return None
    return Btf(types=types, words=words, starts=starts, strings=strings)


def _starts(words: Sequence[int]) -> list[int] | None:
    """Where each type begins; in one pass, for there are more than 100,000."""
    end = len(words)
    starts, at = [0], 0
    # Looked up once: this loop takes a third of the time that opening the watch takes.
    add, heads, members = starts.append, _HEADS, _MEMBERS
    while at < end - 2:
        add(at)
        info = words[at + 1]
        kind = info >> 24 & 31
        if not heads[kind]:
            return None
        each = members[kind]
        at += heads[kind] + each * (info & 0xFFFF) if each else heads[kind]
    return starts if at == end else None


def offset_of(btf: Btf, structure: str, member: str) -> int | None:
    """Octets from the begin of a structure to a member, which may lie in unnamed parts of it."""
    start = _find(btf, structure, (_STRUCT,))
    bits = None if start is None else _bits_to(btf, start, member)
    return None if bits is None or bits % 8 else bits // 8


def enumerators(btf: Btf, name: str) -> Mapping[int, str]:
    """The names of an enumeration by their values; none where there is no such enumeration."""
    start = _find(btf, name, (_ENUM, _ENUM64))
    if start is None:
        return MappingProxyType({})
    return MappingProxyType(
        {btf.words[at + 1]: _string(btf, btf.words[at]) for at in _members(btf, start)}
    )


def parameters(btf: Btf, name: str) -> int | None:
    """How many parameters a type of pointers to functions takes, None where it is none."""
    start = _find(btf, name, (_TYPEDEF,))
    for kind in (_PTR, _FUNC_PROTO):
        start = None if start is None else _start(btf, btf.words[start + 2])
        if start is None or _kind(btf, start) != kind:
            return None
    return None if start is None else len(_members(btf, start))


def _find(btf: Btf, name: str, kinds: Sequence[int]) -> int | None:
    """Where the first type of that name and of one of these kinds starts."""
    number = btf.strings.find(b"\0" + name.encode() + b"\0") + 1
    # To search the octets for what begins with the name is quicker than to ask each type for it.
    sought, at = number.to_bytes(_WORD, "little"), -1
    while number and (at := btf.types.find(sought, at + 1)) >= 0:
        start = at // _WORD
        if not at % _WORD and _is_start(btf, start) and _kind(btf, start) in kinds:
            return start
    return None


def _is_start(btf: Btf, word: int) -> bool:
    place = bisect_left(btf.starts, word, 1)
    return place < len(btf.starts) and btf.starts[place] == word


def _start(btf: Btf, number: int) -> int | None:
    """Where a type starts, None for void and for no type at all."""
    return btf.starts[number] if 0 < number < len(btf.starts) else None


def _kind(btf: Btf, start: int) -> int:
    return btf.words[start + 1] >> 24 & 31


def _members(btf: Btf, start: int) -> range:
    """Where each member of a type starts."""
    info = btf.words[start + 1]
    each = _MEMBERS[info >> 24 & 31]
    return range(start + _HEAD, start + _HEAD + each * (info & 0xFFFF), each)


def _bits_to(btf: Btf, start: int, member: str) -> int | None:
    """The offset of a member by its name, as far down as parts without a name go."""
    waiting, seen = [(start, 0)], {start}
    while waiting:
        outer, base = waiting.pop()
        mask = _BIT_OFFSET if btf.words[outer + 1] & _HAS_BIT_FIELDS else 0xFFFFFFFF
        for at in _members(btf, outer):
            name, type_, offset = btf.words[at : at + 3]
            if _string(btf, name) == member:
                return base + (offset & mask)
            inner = None if name else _start(btf, type_)
            # What is malformed may hold itself: each is looked into once.
            if inner is None or inner in seen or _kind(btf, inner) not in (_STRUCT, _UNION):
                continue
            seen.add(inner)
            waiting.append((inner, base + (offset & mask)))
    return None


def _string(btf: Btf, at: int) -> str:
    end = btf.strings.find(b"\0", at)
    return btf.strings[at:end].decode("ascii", "replace") if end >= 0 else ""
