"""A table of iptables-legacy as read, as the struct that puts it into another namespace.

The entries need no change: jumps are offsets within the table, names stand where pointers are.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h (ipt_getinfo, ipt_replace)
"""

import struct
from dataclasses import dataclass
from typing import Final

_INFO: Final = struct.Struct("=32sI5I5III")
_REPLACE: Final = struct.Struct("=32sIII5I5IIQ")
COUNTER_OCTETS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table: `family` "ip" or "ip6", and what IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES gave."""

    family: str
    name: str
    info: bytes
    entries: memoryview


def entry_count(info: bytes) -> int:
    """The number of entries of a table, 0 where its information is too short."""
    return _INFO.unpack_from(info)[-2] if len(info) >= _INFO.size else 0


def replacement(table: CopiedTable, *, old_count: int, counters_at: int) -> bytes | None:
    """IPT_SO_SET_REPLACE for a table, None where its information is too short.

    old_count    the entries that the other namespace's table has now
    counters_at  the address of memory for as many counters, which the kernel fills
    """
    if len(table.info) < _INFO.size:
        return None
    name, hooks, *offsets, count, _ = _INFO.unpack_from(table.info)
    size = len(table.entries)
    head = _REPLACE.pack(name, hooks, count, size, *offsets, old_count, counters_at)
    return head + table.entries
