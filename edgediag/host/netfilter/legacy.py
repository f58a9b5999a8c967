"""A table of iptables-legacy, from the blob in which x_tables gives it out.

One pass over the entries finds the chains; a rule is decoded when somebody asks for its chain.
Whatever the blob holds gives a table or none, never an exception: every offset is checked.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h (ipt_getinfo, ipt_entry),
        netfilter_ipv6/ip6_tables.h, netfilter/x_tables.h (xt_entry_match, xt_entry_target,
        XT_STANDARD_TARGET): the kernel's own layout, in this machine's byte order
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.ip_header import HEADER_OCTETS

HOOKS: Final = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
INFO_OCTETS: Final = 84
NAME_OCTETS: Final = 32

_INFO: Final = struct.Struct("=32sI5I5III")
# Behind the header conditions: nfcache, then where the target and the next entry are.
_PLACES: Final = struct.Struct("=4xHH")
_COUNTERS: Final = struct.Struct("=QQ")
# struct ipt_entry and ip6t_entry: the counters begin at a multiple of 8.
COUNTERS_AT: Final = {"ip": 96, "ip6": 152}
PART: Final = struct.Struct("=H29sB")
STANDARD, ERROR = "", "ERROR"
VERDICT: Final = struct.Struct("=i")
RETURN: Final = -5
_POLICIES: Final = {-1: "drop", -2: "accept"}
_ERROR_NAME: Final = b"ERROR\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyInfo:
    """What a table is made of: where each built-in chain begins and where its policy stands.

    begins, policies  offset by the hook's name
    octets            of the entries
    """

    begins: Mapping[str, int]
    policies: Mapping[str, int]
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyChain:
    """Where the rules of a chain begin and end; `policy` is None for a chain of the user's own.

    policy  what a packet gets that comes to the end: "accept" or "drop"
    """

    begin: int
    end: int
    policy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyTable:
    """The entries of a table as they are, and where its chains are in them.

    family   "ip" or "ip6"
    targets  the chains of the user's own by the offset that a jump names them with
    """

    family: str
    name: str
    entries: memoryview
    chains: Mapping[str, LegacyChain]
    targets: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One rule of a chain, counted from 1, or (number 0) its policy."""

    chain: str
    number: int
    offset: int


def decode_info(octets: bytes) -> LegacyInfo | None:
    """The answer to IPT_SO_GET_INFO, None where it is too short."""
    if len(octets) < _INFO.size:
        return None
    _, valid, *offsets, _, size = _INFO.unpack_from(octets)
    present = [hook for bit, hook in enumerate(HOOKS) if valid >> bit & 1]
    return LegacyInfo(
        begins={hook: offsets[HOOKS.index(hook)] for hook in present},
        policies={hook: offsets[5 + HOOKS.index(hook)] for hook in present},
        octets=size,
    )


def decode_table(
    family: str, name: str, info: LegacyInfo, entries: memoryview
) -> LegacyTable | None:
    """The table in the answer to IPT_SO_GET_ENTRIES, None where iptables made no such table.

    Fewer rules than there are would let packets through in thought: it is the whole table or none.
    """
    begun = {*info.begins.values(), *info.policies.values()}
    heads = _heads(family, entries, begun)
    built_in = _built_in(family, info, entries) if heads else None
    if built_in is None or any(chain.end >= heads[0].offset for chain in built_in.values()):
        return None
    own: dict[str, LegacyChain] = {}
    for head, following in zip(heads, heads[1:]):
        # iptables closes each chain of the user's own with a return, which it does not show.
        if head.name in own or head.name in built_in or following.last < head.behind:
            return None
        if _bare_verdict(family, entries, following.last) != RETURN:
            return None
        own[head.name] = LegacyChain(begin=head.behind, end=following.last, policy=None)
    return LegacyTable(
        family=family,
        name=name,
        entries=entries,
        chains={**built_in, **own},
        targets={chain.begin: name for name, chain in own.items()},
    )


def places(table: LegacyTable, chain: str) -> Iterator[Place]:
    """The rules of a chain in their order, then its policy where it has one."""
    found = table.chains[chain]
    offset, number = found.begin, 0
    while offset < found.end:
        number += 1
        yield Place(chain=chain, number=number, offset=offset)
        offset += next_entry(table.family, table.entries, offset)
    if found.policy is not None:
        yield Place(chain=chain, number=0, offset=found.end)


def counted(table: LegacyTable, offset: int) -> tuple[int, int]:
    """Packets and octets that the entry counted so far."""
    packets, octets = _COUNTERS.unpack_from(table.entries, offset + COUNTERS_AT[table.family])
    return packets, octets


def next_entry(family: str, entries: memoryview, offset: int) -> int:
    """The octets of an entry."""
    following: int = _PLACES.unpack_from(entries, offset + HEADER_OCTETS[family])[1]
    return following


def target_of(family: str, entries: memoryview, offset: int) -> int:
    """Where the target of an entry begins, counted from the entry."""
    place: int = _PLACES.unpack_from(entries, offset + HEADER_OCTETS[family])[0]
    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """An entry that names the chain behind it, or the end of the table.

    last    the entry before it
    behind  the entry after it
    """

    last: int
    offset: int
    behind: int
    name: str


def _heads(family: str, entries: memoryview, begun: set[int]) -> list[_Head]:
    """The heads up to the one that ends the table; none where it is not made of entries.

    begun  offsets at which an entry has to begin
    """
    heads: list[_Head] = []
    missing = set(begun)
    header, least = HEADER_OCTETS[family], COUNTERS_AT[family] + _COUNTERS.size
    offset = last = 0
    while offset < len(entries):
        if offset + least > len(entries):
            return []
        target_at, next_at = _PLACES.unpack_from(entries, offset + header)
        if not least <= target_at <= next_at - PART.size or offset + next_at > len(entries):
            return []
        name_at = offset + target_at + 2
        is_named = entries[name_at] == _ERROR_NAME[0]
        if is_named and entries[name_at : name_at + len(_ERROR_NAME)].tobytes() == _ERROR_NAME:
            name = text(bytes(entries[offset + target_at + PART.size : offset + next_at]))
            heads.append(_Head(last=last, offset=offset, behind=offset + next_at, name=name))
        if missing:
            missing.discard(offset)
        last = offset
        offset += next_at
    is_whole = heads and heads[-1].behind == len(entries) and not missing
    return heads if is_whole else []


def _built_in(
    family: str, info: LegacyInfo, entries: memoryview
) -> dict[str, LegacyChain] | None:
    found: dict[str, LegacyChain] = {}
    for hook, begin in info.begins.items():
        end = info.policies[hook]
        policy = _POLICIES.get(_bare_verdict(family, entries, end))
        if policy is None or begin > end:
            return None
        found[hook] = LegacyChain(begin=begin, end=end, policy=policy)
    return found


def _bare_verdict(family: str, entries: memoryview, offset: int) -> int:
    """The verdict of an entry without a match, 0 where it is none."""
    least = COUNTERS_AT[family] + _COUNTERS.size
    if offset + least + PART.size + VERDICT.size > len(entries):
        return 0
    _, name, _ = PART.unpack_from(entries, offset + least)
    is_bare = target_of(family, entries, offset) == least and name.startswith(b"\0")
    verdict: int = VERDICT.unpack_from(entries, offset + least + PART.size)[0]
    return verdict if is_bare else 0
