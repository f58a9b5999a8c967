"""A table of x_tables as read, as the struct that puts it into another namespace.

The entries need no change: jumps are offsets within the table, names stand where pointers are.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h (ipt_getinfo, ipt_replace),
        netfilter_arp/arp_tables.h (arpt_getinfo, arpt_replace)
"""

import struct
from dataclasses import dataclass
from typing import Final

# Behind the hooks stand, of each, where its chain begins and where its policy is.
_INFO_HEAD: Final = struct.Struct("=32sI")
_INFO_TAIL: Final = struct.Struct("=II")
_REPLACE_HEAD: Final = struct.Struct("=32sIII")
_REPLACE_TAIL: Final = struct.Struct("=IQ")
_LEAST_OCTETS: Final = _INFO_HEAD.size + _INFO_TAIL.size
COUNTER_OCTETS: Final = 16
_PLACES_OCTETS: Final = 8
# include/uapi/linux/netfilter.h (NF_INET_NUMHOOKS), netfilter_arp.h (NF_ARP_NUMHOOKS).
_INET_HOOKS: Final = 5
_HOOKS: Final = {"arp": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table: `family` as in LegacyEntries, and what GET_INFO and GET_ENTRIES gave of it."""

    family: str
    name: str
    info: bytes
    entries: memoryview


def entry_count(info: bytes) -> int:
    """The number of entries of a table, 0 where its information is too short."""
    return _tail(info)[0] if len(info) >= _LEAST_OCTETS else 0


def replacement(table: CopiedTable, *, old_count: int, counters_at: int) -> bytes | None:
    """IPT_SO_SET_REPLACE for a table, None where its information has another length.

    old_count    the entries that the other namespace's table has now
    counters_at  the address of memory for as many counters, which the kernel fills
    """
    hooks = _HOOKS.get(table.family, _INET_HOOKS)
    if len(table.info) != _LEAST_OCTETS + _PLACES_OCTETS * hooks:
        return None
    name, valid_hooks = _INFO_HEAD.unpack_from(table.info)
    places = table.info[_INFO_HEAD.size : -_INFO_TAIL.size]
    count, _ = _tail(table.info)
    head = _REPLACE_HEAD.pack(name, valid_hooks, count, len(table.entries))
    return head + places + _REPLACE_TAIL.pack(old_count, counters_at) + table.entries


def _tail(info: bytes) -> tuple[int, int]:
    """The number of entries and their octets."""
    count, size = _INFO_TAIL.unpack(info[-_INFO_TAIL.size :])
    return count, size
