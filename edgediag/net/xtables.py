"""iptables-legacy's tables, read by the socket options of x_tables; nothing is written.

Asking for a table that does not exist makes it: only those that the kernel lists are read.
"""

import ctypes
import errno
import os
import socket
from pathlib import Path
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.netfilter.legacy import (
    INFO_OCTETS,
    NAME_OCTETS,
    LegacyRule,
    decode_info,
    decode_rules,
)

# <linux/netfilter_ipv4/ip_tables.h>
_IPT_SO_GET_INFO: Final = 64
_IPT_SO_GET_ENTRIES: Final = 65
_ENTRIES_HEAD: Final = 40
_LIST: Final = Path("/proc/thread-self/net/ip_tables_names")
# Somebody may replace the table between the two questions (EAGAIN).
_TRIES: Final = 5
_MOST_OCTETS: Final = 256 * 2**20

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def read_legacy() -> tuple[LegacyRule, ...]:
    """The rules of every IPv4 table that this network namespace has, with their counters.

    raises  OSError as the kernel's, such as EPERM
    """
    try:
        tables = _LIST.read_text(encoding="ascii", errors="replace").split()
    except FileNotFoundError:
        return ()
    if not tables:
        return ()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        return tuple(rule for table in tables for rule in _read_table(sock, table))


def _read_table(sock: socket.socket, table: str) -> tuple[LegacyRule, ...]:
    for _ in range(_TRIES):
        name = table.encode("ascii", "replace")
        info = decode_info(_ask(sock, _IPT_SO_GET_INFO, name, INFO_OCTETS))
        if info is None or info.octets > _MOST_OCTETS:
            return ()
        head = name.ljust(NAME_OCTETS, b"\0") + info.octets.to_bytes(4, NATIVE)
        try:
            octets = _ask(sock, _IPT_SO_GET_ENTRIES, head, _ENTRIES_HEAD + info.octets)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
            continue
        return decode_rules(table, info, octets[_ENTRIES_HEAD:])
    return ()


def _ask(sock: socket.socket, option: int, question: bytes, octets: int) -> bytes:
    """getsockopt(2) with a question in the buffer, which socket.getsockopt cannot pass."""
    buffer = ctypes.create_string_buffer(question, octets)
    length = ctypes.c_uint32(octets)
    result = _LIBC.getsockopt(
        sock.fileno(), socket.IPPROTO_IP, option, buffer, ctypes.byref(length)
    )
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return buffer.raw[: length.value]
