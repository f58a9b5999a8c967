"""A rule of iptables-legacy in the expressions of all other rules.

What a rule asks for and does is evaluated and worded by the same code as with iptables-nft: its
matches and targets have the same structs, only the header conditions are of another kind.
"""

from collections.abc import Iterator
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.expression import Expression, Unknown
from edgediag.host.netfilter.ip_header import HEADER_OCTETS, decode_header
from edgediag.host.netfilter.legacy import (
    COUNTERS_AT,
    ERROR,
    PART,
    STANDARD,
    VERDICT,
    LegacyTable,
    Place,
    counted,
    next_entry,
    places,
    target_of,
)
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter, Verdict, XtMatch, XtTarget

_COUNTERS_OCTETS: Final = 16
# The codes of nf_tables. x_tables writes -NF_DROP - 1 and so on; a return is -5 in both.
_JUMP, _GOTO, _RETURN = -3, -4, -5


def chain_rules(table: LegacyTable, chain: str) -> tuple[FilterRule, ...]:
    """The rules of a chain in the order they are evaluated."""
    return tuple(rule_at(table, place) for place in places(table, chain) if place.number)


def rule_at(table: LegacyTable, place: Place) -> FilterRule:
    """One rule; it has no handle, and iptables names it by its number."""
    family, entries, begin = table.family, table.entries, place.offset
    octets = bytes(entries[begin : begin + next_entry(family, entries, begin)])
    header = decode_header(family, octets[: HEADER_OCTETS[family]])
    target_at = target_of(family, entries, begin)
    matches = octets[COUNTERS_AT[family] + _COUNTERS_OCTETS : target_at]
    packets, counted_octets = counted(table, begin)
    targets = _parts(octets[target_at:])
    name, revision, info = next(targets, (ERROR, 0, b""))
    ending: tuple[Expression, ...]
    if name == STANDARD:
        ending = _ending(table, begin + len(octets), info, is_goto=header.is_goto)
    else:
        ending = (XtTarget(name=name, revision=revision, info=info),)
    return FilterRule(
        family=family,
        table=table.name,
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


def _ending(
    table: LegacyTable, following: int, info: bytes, *, is_goto: bool
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
    chain = table.targets.get(verdict)
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
