"""Counters of drops: the reverse-path filter's own, and what rose between two readings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from edgediag.model.drops import Drop, DropCount

_COUNTER: Final = "IPReversePathFilter"


def decode_netstat(text: str) -> DropCount | None:
    """The drops of the reverse-path filter, None where the kernel does not tell.

    text    of /proc/net/netstat: pairs of lines, names and then values
    source  net/ipv4/proc.c, netstat_seq_show
    """
    for names, values in pairwise(text.splitlines()):
        columns, numbers = names.split(), values.split()
        if _COUNTER not in columns or columns[:1] != numbers[:1]:
            continue
        value = numbers[columns.index(_COUNTER) :][:1]
        if value and value[0].isascii() and value[0].isdecimal():
            return DropCount(
                drop=Drop.REVERSE_PATH,
                interface="",
                discipline="",
                handle="",
                count=int(value[0]),
            )
    return None


def risen(before: Sequence[DropCount], after: Sequence[DropCount]) -> tuple[DropCount, ...]:
    """Those counters that rose, with by how much, in the order of the later reading."""
    known: Mapping[tuple[Drop, str, str], int] = {_key(item): item.count for item in before}
    differences = (
        replace(item, count=item.count - known[_key(item)]) for item in after if _key(item) in known
    )
    return tuple(item for item in differences if item.count > 0)


def _key(item: DropCount) -> tuple[Drop, str, str]:
    return item.drop, item.interface, item.handle
