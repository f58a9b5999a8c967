"""The rules of iptables-legacy, from the blob in which x_tables gives them out (IPv4).

Whatever the blob holds gives rules or fewer rules, never an exception: it is bounded by its own
length, and every offset is checked against it.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h (ipt_getinfo, ipt_entry, ipt_ip),
        netfilter/x_tables.h (xt_entry_match, xt_entry_target, XT_STANDARD_TARGET): the kernel's
        own layout, in this machine's byte order
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.legacy_selector import HEAD_OCTETS, Selector, decode_selector
from edgediag.host.netfilter.statement import XtMatch

HOOKS: Final = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
INFO_OCTETS: Final = 84
NAME_OCTETS: Final = 32

_INFO: Final = struct.Struct("=32sI5I5III")
_ENTRY: Final = struct.Struct("=IHHI QQ")
_ENTRY_OCTETS: Final = HEAD_OCTETS + _ENTRY.size
_PART: Final = struct.Struct("=H29sB")
_STANDARD, _ERROR = "", "ERROR"
_VERDICT: Final = struct.Struct("=i")
# -NF_DROP - 1 and so on; XT_RETURN is -NF_REPEAT - 1.
_VERDICTS: Final = {-1: "DROP", -2: "ACCEPT", -4: "QUEUE", -5: "RETURN"}


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
class LegacyRule:
    """One rule, or (number 0) the policy of a built-in chain.

    number   counted from 1 within its chain
    target   "DROP", "ACCEPT", "RETURN", an extension's name, or "" for a jump to another chain
    revision, info  the struct of the target
    packets  counted by the rule so far
    """

    table: str
    chain: str
    number: int
    selector: Selector
    target: str
    revision: int
    info: bytes
    packets: int


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


def decode_rules(table: str, info: LegacyInfo, entries: bytes) -> tuple[LegacyRule, ...]:
    """The rules and policies of a table, in its order; entries as IPT_SO_GET_ENTRIES gives them."""
    rules: list[LegacyRule] = []
    chain, number = "", 0
    begun = {offset: hook for hook, offset in info.begins.items()}
    policies = {offset: hook for hook, offset in info.policies.items()}
    for offset, entry in _entries(entries):
        selector, target, packets = entry
        if target.name == _ERROR:
            chain, number = text(target.info), 0
            continue
        if offset in begun:
            chain, number = begun[offset], 0
        is_policy = offset in policies
        number += not is_policy
        rules.append(
            LegacyRule(
                table=table,
                chain=policies.get(offset, chain),
                number=0 if is_policy else number,
                selector=selector,
                target=_target(target.name, target.info),
                revision=target.revision,
                info=target.info,
                packets=packets,
            )
        )
    return tuple(rules)


def _entries(octets: bytes) -> Iterator[tuple[int, tuple[Selector, XtMatch, int]]]:
    offset = 0
    while offset + _ENTRY_OCTETS <= len(octets):
        _, target_at, next_at, _, packets, _ = _ENTRY.unpack_from(octets, offset + HEAD_OCTETS)
        if not _ENTRY_OCTETS <= target_at < next_at or offset + next_at > len(octets):
            return
        entry = octets[offset : offset + next_at]
        matches = tuple(_parts(entry[_ENTRY_OCTETS:target_at]))
        target = next(_parts(entry[target_at:]), XtMatch(name=_ERROR, revision=0, info=b""))
        yield offset, (decode_selector(entry[:HEAD_OCTETS], matches), target, packets)
        offset += next_at


def _parts(octets: bytes) -> Iterator[XtMatch]:
    """Each match, or the target, which is laid out like one."""
    offset = 0
    while offset + _PART.size <= len(octets):
        size, name, revision = _PART.unpack_from(octets, offset)
        if not _PART.size <= size <= len(octets) - offset:
            return
        info = octets[offset + _PART.size : offset + size]
        yield XtMatch(name=text(name), revision=revision, info=info)
        offset += size


def _target(name: str, info: bytes) -> str:
    if name != _STANDARD:
        return name
    (verdict,) = _VERDICT.unpack_from(info) if len(info) >= _VERDICT.size else (0,)
    return _VERDICTS.get(verdict, "")
