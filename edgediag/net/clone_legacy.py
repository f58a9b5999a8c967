"""The tables of iptables-legacy and ip6tables-legacy of one namespace put into another.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h, netfilter_ipv6/ip6_tables.h: both families
        have the same numbers and structs but for the entries
"""

import ctypes
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.clone.legacy import COUNTER_OCTETS, CopiedTable, entry_count, replacement
from edgediag.host.netfilter.legacy import INFO_OCTETS, NAME_OCTETS, decode_info
from edgediag.model.answer import NotChecked

_SET_REPLACE, _GET_INFO, _GET_ENTRIES = 64, 64, 65
_ENTRIES_HEAD: Final = 40
_MOST_OCTETS: Final = 256 * 2**20
_LISTS: Final = {
    4: Path("/proc/thread-self/net/ip_tables_names"),
    6: Path("/proc/thread-self/net/ip6_tables_names"),
}
_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_LEVELS: Final = {4: socket.IPPROTO_IP, 6: socket.IPPROTO_IPV6}
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def read_tables() -> tuple[CopiedTable, ...] | NotChecked:
    """Every table that this network namespace has; none is made by asking."""
    found: list[CopiedTable] = []
    try:
        for version, path in _LISTS.items():
            names: list[str] = []
            with suppress(FileNotFoundError):
                names = path.read_text(encoding="ascii", errors="replace").split()
            found += [_read(version, name) for name in names]
    except OSError as error:
        return NotChecked(reason=f"iptables-legacy cannot be read: {error.strerror}")
    return tuple(found)


def make_tables(tables: Iterable[CopiedTable]) -> NotChecked | None:
    """Put tables into this network namespace; None where that was done."""
    for table in tables:
        try:
            _replace(table)
        except OSError as error:
            why = f"table {table.name} of IPv{table.version}: {error.strerror}"
            return NotChecked(reason=f"iptables-legacy cannot be copied: {why}")
    return None


def _read(version: int, table: str) -> CopiedTable:
    name = table.encode("ascii", "replace")
    with _socket(version) as sock:
        info = _get(sock, version, _GET_INFO, name.ljust(INFO_OCTETS, b"\0"))
        decoded = decode_info(info)
        octets = 0 if decoded is None else min(decoded.octets, _MOST_OCTETS)
        head = name.ljust(NAME_OCTETS, b"\0") + octets.to_bytes(4, NATIVE)
        entries = _get(sock, version, _GET_ENTRIES, head.ljust(_ENTRIES_HEAD + octets, b"\0"))
    return CopiedTable(version=version, name=table, info=info, entries=entries[_ENTRIES_HEAD:])


def _replace(table: CopiedTable) -> None:
    name = table.name.encode("ascii", "replace")
    with _socket(table.version) as sock:
        # Asking is what makes the table here.
        own = _get(sock, table.version, _GET_INFO, name.ljust(INFO_OCTETS, b"\0"))
        count = entry_count(own)
        counters = ctypes.create_string_buffer(max(count, 1) * COUNTER_OCTETS)
        at = ctypes.addressof(counters)
        octets = replacement(table, old_count=count, counters_at=at)
        if octets is not None:
            sock.setsockopt(_LEVELS[table.version], _SET_REPLACE, octets)


def _socket(version: int) -> socket.socket:
    return socket.socket(_FAMILIES[version], socket.SOCK_RAW, socket.IPPROTO_RAW)


def _get(sock: socket.socket, version: int, option: int, question: bytes) -> bytes:
    """getsockopt(2) with a question in the buffer, which socket.getsockopt cannot pass."""
    buffer = ctypes.create_string_buffer(question, len(question))
    length = ctypes.c_uint32(len(question))
    at = ctypes.byref(length)
    if _LIBC.getsockopt(sock.fileno(), _LEVELS[version], option, buffer, at) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return buffer.raw[: length.value]
