"""A table of iptables-legacy with all its chains by name, found in one pass over its entries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from edgediag.host.attributes import text
from edgediag.host.netfilter.legacy import (
    PART,
    RETURN,
    LegacyChain,
    LegacyEntries,
    Place,
    bare_verdict,
    next_entry,
    offsets,
    target_of,
    walked,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyTable:
    """The entries of a table and where each chain is in them."""

    entries: LegacyEntries
    chains: Mapping[str, LegacyChain]


def index(entries: LegacyEntries) -> LegacyTable | None:
    """The table with all its chains, None where iptables made no such table.

    Fewer rules than there are would let packets through in thought: it is the whole table or none.
    """
    heads = _heads(entries)
    built_in = entries.built_in
    if not heads or any(chain.end >= heads[0].offset for chain in built_in.values()):
        return None
    own: dict[str, LegacyChain] = {}
    for head, following in pairwise(heads):
        # iptables closes each chain of the user's own with a return, which it does not show.
        if head.name in own or head.name in built_in or following.last < head.behind:
            return None
        if bare_verdict(entries.family, entries.octets, following.last) != RETURN:
            return None
        own[head.name] = LegacyChain(begin=head.behind, end=following.last, policy=None)
    return LegacyTable(entries=entries, chains={**built_in, **own})


def places(table: LegacyTable, chain: str) -> Iterator[Place]:
    """The rules of a chain in their order, then its policy where it has one."""
    found = table.chains[chain]
    for number, offset in enumerate(offsets(table.entries, found), start=1):
        yield Place(chain=chain, number=number, offset=offset)
    if found.policy is not None:
        yield Place(chain=chain, number=0, offset=found.end)


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


def _heads(entries: LegacyEntries) -> list[_Head]:
    """The heads up to the one that ends the table; none where it is not made of entries."""
    heads: list[_Head] = []
    family, octets = entries.family, entries.octets
    # Offsets at which an entry has to begin.
    missing = {at for chain in entries.built_in.values() for at in (chain.begin, chain.end)}
    last = 0
    for offset, is_head in walked(family, octets, 0):
        if is_head:
            behind = offset + next_entry(family, octets, offset)
            name_at = offset + target_of(family, octets, offset) + PART.size
            name = text(bytes(octets[name_at:behind]))
            heads.append(_Head(last=last, offset=offset, behind=behind, name=name))
        if missing:
            missing.discard(offset)
        last = offset
    is_whole = heads and heads[-1].behind == len(octets) and not missing
    return heads if is_whole else []
