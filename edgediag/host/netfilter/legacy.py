"""A table of iptables-legacy, from the blob in which x_tables gives it out.

Where the kernel's own chains begin it says itself, and a jump says where another one does, so a
chain is found without the rest of the table. Whatever the blob holds gives a chain or none, never
an exception: every offset is checked.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h (ipt_getinfo, ipt_entry),
        netfilter_ipv6/ip6_tables.h, netfilter_arp/arp_tables.h (arpt_getinfo, arpt_entry),
        netfilter/x_tables.h (xt_entry_match, xt_entry_target, XT_STANDARD_TARGET): the kernel's
        own layout, in this machine's byte order
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import text

HOOKS: Final = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
# include/uapi/linux/netfilter_arp.h.
_HOOKS_OF_ARP: Final = ("INPUT", "OUTPUT", "FORWARD")
HOOKS_OF: Final = {"ip": HOOKS, "ip6": HOOKS, "arp": _HOOKS_OF_ARP}
NAME_OCTETS: Final = 32

_INFOS: Final = {
    family: struct.Struct(f"=32sI{2 * len(hooks)}III") for family, hooks in HOOKS_OF.items()
}
INFO_OCTETS: Final = {family: layout.size for family, layout in _INFOS.items()}
# Where the target and the next entry are; before it stands nfcache, but not for ARP.
_PLACES: Final = struct.Struct("=HH")
_PLACES_AT: Final = {"ip": 88, "ip6": 140, "arp": 164}
_COUNTERS: Final = struct.Struct("=QQ")
# struct ipt_entry, ip6t_entry and arpt_entry: the counters begin at a multiple of 8.
COUNTERS_AT: Final = {"ip": 96, "ip6": 152, "arp": 176}
PART: Final = struct.Struct("=H29sB")
STANDARD, ERROR = "", "ERROR"
VERDICT: Final = struct.Struct("=i")
RETURN: Final = -5
_POLICIES: Final = {-1: "drop", -2: "accept"}
ERROR_NAME: Final = b"ERROR\0"
# struct xt_error_target: what the head of a chain has behind its counters.
_ERROR_OCTETS: Final = 64


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
class LegacyEntries:
    """The entries of a table as they are, and the chains that the kernel itself calls.

    family  "ip", "ip6" or "arp"
    """

    family: str
    name: str
    octets: memoryview
    built_in: Mapping[str, LegacyChain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One rule of a chain, counted from 1, or (number 0) its policy."""

    chain: str
    number: int
    offset: int


def decode_info(family: str, octets: bytes) -> LegacyInfo | None:
    """The answer to IPT_SO_GET_INFO or ARPT_SO_GET_INFO, None where it is too short."""
    hooks, layout = HOOKS_OF[family], _INFOS[family]
    if len(octets) < layout.size:
        return None
    _, valid, *offsets, _, size = layout.unpack_from(octets)
    present = {hook: bit for bit, hook in enumerate(hooks) if valid >> bit & 1}
    return LegacyInfo(
        begins={hook: offsets[bit] for hook, bit in present.items()},
        policies={hook: offsets[len(hooks) + bit] for hook, bit in present.items()},
        octets=size,
    )


def decode_entries(
    family: str, name: str, info: LegacyInfo, octets: memoryview
) -> LegacyEntries | None:
    """What IPT_SO_GET_ENTRIES answers, None where a built-in chain does not end in a policy."""
    built_in: dict[str, LegacyChain] = {}
    for hook, begin in info.begins.items():
        end = info.policies[hook]
        policy = _POLICIES.get(bare_verdict(family, octets, end))
        if policy is None or begin > end:
            return None
        built_in[hook] = LegacyChain(begin=begin, end=end, policy=policy)
    return LegacyEntries(family=family, name=name, octets=octets, built_in=built_in)


def is_whole(entries: LegacyEntries, chain: LegacyChain) -> bool:
    """Whether a chain is made of entries alone, from its first rule to its end."""
    offset = chain.begin
    for offset, is_head in walked(entries.family, entries.octets, chain.begin):
        if is_head or offset >= chain.end:
            break
    return offset == chain.end


def own_chain(entries: LegacyEntries, begin: int) -> LegacyChain | None:
    """The chain of the user's own that begins at an offset, None where it is not whole.

    Fewer rules than there are would let packets through in thought.
    """
    last = -1
    for offset, is_head in walked(entries.family, entries.octets, begin):
        if is_head:
            # iptables closes each chain with a return, which it does not show.
            is_closed = last >= 0 and bare_verdict(entries.family, entries.octets, last) == RETURN
            return LegacyChain(begin=begin, end=last, policy=None) if is_closed else None
        last = offset
    return None


def own_name(entries: LegacyEntries, begin: int) -> str | None:
    """The name of the chain of the user's own that begins at an offset, None where none does."""
    head = begin - COUNTERS_AT[entries.family] - _COUNTERS.size - _ERROR_OCTETS
    if head < 0:
        return None
    at = next(walked(entries.family, entries.octets, head), None)
    if at != (head, True) or head + next_entry(entries.family, entries.octets, head) != begin:
        return None
    return text(bytes(entries.octets[begin - _ERROR_OCTETS + PART.size : begin]))


def walked(family: str, octets: memoryview, offset: int) -> Iterator[tuple[int, bool]]:
    """Each entry from an offset on, and whether it names the chain behind it or ends the table.

    It stops before what is no whole entry.
    """
    places_at, least = _PLACES_AT[family], COUNTERS_AT[family] + _COUNTERS.size
    size, unpack = len(octets), _PLACES.unpack_from
    while offset + least <= size:
        target_at, next_at = unpack(octets, offset + places_at)
        if not least <= target_at <= next_at - PART.size or offset + next_at > size:
            return
        name_at = offset + target_at + 2
        is_head = octets[name_at] == ERROR_NAME[0]
        if is_head:
            is_head = octets[name_at : name_at + len(ERROR_NAME)].tobytes() == ERROR_NAME
        yield offset, is_head
        offset += next_at


def offsets(entries: LegacyEntries, chain: LegacyChain) -> Iterator[int]:
    """Where the rules of a whole chain are, in their order."""
    at, octets, places_at = chain.begin, entries.octets, _PLACES_AT[entries.family]
    while at < chain.end:
        yield at
        at += _PLACES.unpack_from(octets, at + places_at)[1]


def counted(entries: LegacyEntries, offset: int) -> tuple[int, int]:
    """Packets and octets that the entry counted so far."""
    packets, octets = _COUNTERS.unpack_from(entries.octets, offset + COUNTERS_AT[entries.family])
    return packets, octets


def next_entry(family: str, octets: memoryview, offset: int) -> int:
    """The octets of an entry."""
    following: int = _PLACES.unpack_from(octets, offset + _PLACES_AT[family])[1]
    return following


def target_of(family: str, octets: memoryview, offset: int) -> int:
    """Where the target of an entry begins, counted from the entry."""
    place: int = _PLACES.unpack_from(octets, offset + _PLACES_AT[family])[0]
    return place


def bare_verdict(family: str, octets: memoryview, offset: int) -> int:
    """The verdict of an entry without a match, 0 where it is none."""
    least = COUNTERS_AT[family] + _COUNTERS.size
    if offset + least + PART.size + VERDICT.size > len(octets):
        return 0
    _, name, _ = PART.unpack_from(octets, offset + least)
    is_bare = target_of(family, octets, offset) == least and name.startswith(b"\0")
    verdict: int = VERDICT.unpack_from(octets, offset + least + PART.size)[0]
    return verdict if is_bare else 0
