"""A rule of iptables-legacy or arptables-legacy in the expressions of all other rules.

What a rule asks for and does is evaluated and worded by the same code as with iptables-nft: its
matches and targets have the same structs, only the header conditions are of another kind.
"""

from collections.abc import Iterator
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.arp_header import ARP_HEADER_OCTETS, ArpHeader, decode_arp_header
from edgediag.host.netfilter.expression import Expression, Unknown
from edgediag.host.netfilter.ip_header import HEADER_OCTETS, IpHeader, decode_header
from edgediag.host.netfilter.legacy import (
    COUNTERS_AT,
    ERROR,
    PART,
    STANDARD,
    VERDICT,
    LegacyEntries,
    Place,
    counted,
    next_entry,
    own_name,
    target_of,
)
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter, Verdict, XtMatch, XtTarget

_COUNTERS_OCTETS: Final = 16
# The codes of nf_tables. x_tables writes -NF_DROP - 1 and so on; a return is -5 in both.
_JUMP, _GOTO, _RETURN = -3, -4, -5


def rule_at(entries: LegacyEntries, place: Place) -> FilterRule:
    """One rule; it has no handle, and iptables names it by its number."""
    family, begin = entries.family, place.offset
    following = begin + next_entry(family, entries.octets, begin)
    octets = bytes(entries.octets[begin:following])
    header = _header(family, octets)
    target_at = target_of(family, entries.octets, begin)
    matches = octets[COUNTERS_AT[family] + _COUNTERS_OCTETS : target_at]
    packets, counted_octets = counted(entries, begin)
    targets = _parts(octets[target_at:])
    name, revision, info = next(targets, (ERROR, 0, b""))
    ending: tuple[Expression, ...]
    if name == STANDARD:
        is_goto = isinstance(header, IpHeader) and header.is_goto
        ending = _ending(entries, following, info, is_goto=is_goto)
    else:
        ending = (XtTarget(name=name, revision=revision, info=info),)
    return FilterRule(
        family=family,
        table=entries.name,
        chain=place.chain,
        handle=0,
        expressions=(
            header,
            *(XtMatch(name=name, revision=number, info=data) for name, number, data in
              _parts(matches)),
            Counter(packets=packets, octets=counted_octets),
            *ending,
        ),
        comment="",
    )


def _header(family: str, octets: bytes) -> IpHeader | ArpHeader:
    if family == "arp":
        return decode_arp_header(octets[:ARP_HEADER_OCTETS])
    return decode_header(family, octets[: HEADER_OCTETS[family]])


def jumps_to(entries: LegacyEntries, offset: int) -> int | None:
    """Where the chain begins that the rule at an offset leads to, None where it leads to none."""
    begin = offset + target_of(entries.family, entries.octets, offset)
    following = offset + next_entry(entries.family, entries.octets, offset)
    _, name, _ = PART.unpack_from(entries.octets, begin)
    if not name.startswith(b"\0") or begin + PART.size + VERDICT.size > following:
        return None
    verdict: int = VERDICT.unpack_from(entries.octets, begin + PART.size)[0]
    return verdict if verdict >= 0 and verdict != following else None


def _ending(
    entries: LegacyEntries, following: int, info: bytes, *, is_goto: bool
) -> tuple[Expression, ...]:
    """What a standard target does: nothing where it leads to the next rule.

    following  where that is
    """
    (verdict,) = VERDICT.unpack_from(info) if len(info) >= VERDICT.size else (following,)
    if verdict == following:
        return ()
    if verdict < 0:
        code = _RETURN if verdict == _RETURN else -verdict - 1
        return (Verdict(code=code, chain=""),)
    chain = own_name(entries, verdict)
    if chain is None:
        return (Unknown(name="jump into a chain", attributes=info),)
    return (Verdict(code=_GOTO if is_goto else _JUMP, chain=chain),)


def _parts(octets: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Name, revision and struct of each match, or of the target."""
    offset = 0
    while offset + PART.size <= len(octets):
        size, name, revision = PART.unpack_from(octets, offset)
        if not PART.size <= size <= len(octets) - offset:
            return
        yield text(name), revision, octets[offset + PART.size : offset + size]
        offset += size
