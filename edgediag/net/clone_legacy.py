"""The tables of iptables-legacy and its like of one namespace put into another.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h, netfilter_ipv6/ip6_tables.h,
        netfilter_arp/arp_tables.h: they differ in a number, in the hooks and in the entries
"""

import ctypes
from collections.abc import Iterable

from edgediag.host.clone.legacy import COUNTER_OCTETS, CopiedTable, entry_count, replacement
from edgediag.model.answer import NotChecked
from edgediag.net.xtables import BASES, LEVELS, legacy_names, open_tables, read_entries, read_info


def read_tables() -> tuple[CopiedTable, ...] | NotChecked:
    """Every table that this network namespace has; none is made by asking."""
    try:
        return tuple(_read(family, name) for family, name in legacy_names())
    except OSError as error:
        return NotChecked(reason=f"iptables-legacy cannot be read: {error.strerror}")


def make_tables(tables: Iterable[CopiedTable]) -> NotChecked | None:
    """Put tables into this network namespace; None where that was done."""
    for table in tables:
        try:
            _replace(table)
        except OSError as error:
            why = f"{table.family} table {table.name}: {error.strerror}"
            return NotChecked(reason=f"iptables-legacy cannot be copied: {why}")
    return None


def _read(family: str, name: str) -> CopiedTable:
    info, entries = read_entries(family, name)
    return CopiedTable(family=family, name=name, info=info, entries=entries)


def _replace(table: CopiedTable) -> None:
    with open_tables(table.family) as sock:
        # Asking is what makes the table here.
        count = entry_count(read_info(sock, table.family, table.name))
        counters = ctypes.create_string_buffer(max(count, 1) * COUNTER_OCTETS)
        at = ctypes.addressof(counters)
        octets = replacement(table, old_count=count, counters_at=at)
        if octets is not None:
            # IPT_SO_SET_REPLACE and its like have the number of the question for the information.
            sock.setsockopt(LEVELS[table.family], BASES[table.family], octets)
