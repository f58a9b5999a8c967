"""The tables of iptables-legacy and arptables-legacy, read by the socket options of x_tables.

Nothing is written. Asking for a table that does not exist makes it: only those that the kernel
lists are read.
"""

import ctypes
import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from mmap import MADV_HUGEPAGE, MAP_PRIVATE, mmap
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from edgediag.host.attributes import NATIVE
from edgediag.host.messages import errno_name
from edgediag.host.netfilter.legacy import (
    INFO_OCTETS,
    NAME_OCTETS,
    LegacyEntries,
    decode_entries,
    decode_info,
)
from edgediag.host.netfilter.legacy_index import LegacyTable, index
from edgediag.host.walk.legacy import is_placed

# IPT_BASE_CTL, IP6T_BASE_CTL and ARPT_BASE_CTL: the number of IPT_SO_GET_INFO and its like.
BASES: Final = {"ip": 64, "ip6": 64, "arp": 96}
_ENTRIES_HEAD: Final = 40
_PROCESS_NET: Final = Path("/proc/thread-self/net")
_LISTS: Final = {"ip": "ip_tables_names", "ip6": "ip6_tables_names", "arp": "arp_tables_names"}
_DOMAINS: Final = {"ip": socket.AF_INET, "ip6": socket.AF_INET6, "arp": socket.AF_INET}
LEVELS: Final = {"ip": socket.IPPROTO_IP, "ip6": socket.IPPROTO_IPV6, "arp": socket.IPPROTO_IP}
_PROGRAMS: Final = {"ip": "iptables", "ip6": "iptables", "arp": "arptables"}
# Somebody may replace the table between the two questions (EAGAIN).
_TRIES: Final = 5
_MOST_OCTETS: Final = 256 * 2**20

_Decoded = TypeVar("_Decoded")
# Tables, and in words what was not read.
Placed: TypeAlias = tuple[tuple[LegacyEntries, ...], tuple[str, ...]]

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def legacy_names() -> tuple[tuple[str, str], ...]:
    """Family and name of each table that this network namespace has.

    raises  OSError as the kernel's, such as EACCES
    """
    return tuple((family, table) for family in _LISTS for table in listed_tables(family))


def read_legacy(families: Sequence[str] = ("ip", "ip6")) -> tuple[LegacyTable, ...]:
    """Every table that this network namespace has, with its counters and all its chains.

    raises  OSError as the kernel's, such as EPERM; EBADMSG for what iptables cannot have made
    """
    read = (read_table(family, table) for family in families for table in listed_tables(family))
    return tuple(_expected(index(entries)) for _, entries in read)


def read_entries(family: str, table: str) -> tuple[bytes, memoryview]:
    """The answers to IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES or their like, of one moment.

    returns  the latter without its head
    raises   OSError as the kernel's, such as EPERM; EFBIG where there are too many
    """
    with open_tables(family) as sock:
        for _ in range(_TRIES):
            told = read_info(sock, family, table)
            info = decode_info(family, told)
            if info is None or info.octets > _MOST_OCTETS:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            name = table.encode("ascii", "replace").ljust(NAME_OCTETS, b"\0")
            head = name + info.octets.to_bytes(4, NATIVE)
            option = (LEVELS[family], BASES[family] + 1)
            try:
                answer = _ask(sock, option, head, _ENTRIES_HEAD + info.octets)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                continue
            return told, answer[_ENTRIES_HEAD:]
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def read_table(family: str, table: str) -> tuple[bytes, LegacyEntries]:
    """What the kernel says of a table (IPT_SO_GET_INFO), and the table of that moment.

    raises  OSError as the kernel's, such as EPERM; EBADMSG for what iptables cannot have made
    """
    told, octets = read_entries(family, table)
    info = decode_info(family, told)
    decoded = None if info is None else decode_entries(family, table, info, octets)
    return told, _expected(decoded)


def open_tables(family: str) -> socket.socket:
    """A socket for the options of a family's tables."""
    return socket.socket(_DOMAINS[family], socket.SOCK_RAW, socket.IPPROTO_RAW)


def read_info(sock: socket.socket, family: str, table: str) -> bytes:
    """The answer to IPT_SO_GET_INFO; asking makes the table where there is none.

    raises  OSError as the kernel's
    """
    name = table.encode("ascii", "replace")
    return bytes(_ask(sock, (LEVELS[family], BASES[family]), name, INFO_OCTETS[family]))


def read_placed(family: str) -> Placed:
    """The tables of which it is known where the kernel calls them, and what was not read.

    raises  OSError where not even the list of tables can be read
    """
    return placed(family, lambda family, name: read_table(family, name)[1])


def placed(family: str, read: Callable[[str, str], LegacyEntries]) -> Placed:
    """The same, each table read by a function of its family and name."""
    table_of = f"{_PROGRAMS[family]}-legacy table"
    try:
        tables = [read(family, table) for table in listed_tables(family)]
    except OSError as error:
        reason = errno_name(error.errno or 0)
        return (), tuple(f"{table_of} {name}: {reason}" for name in listed_tables(family))
    unplaced = (table.name for table in tables if not is_placed(table))
    return (
        tuple(table for table in tables if is_placed(table)),
        tuple(f"{table_of} {name}" for name in unplaced),
    )


def listed_tables(family: str) -> list[str]:
    """The tables of a family that this network namespace has.

    raises  OSError as the kernel's, such as EACCES
    """
    path = _PROCESS_NET / _LISTS[family]
    try:
        return path.read_text(encoding="ascii", errors="replace").split()
    except FileNotFoundError:
        return []


def _expected(decoded: _Decoded | None) -> _Decoded:
    if decoded is None:
        raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
    return decoded


def _ask(
    sock: socket.socket, option: tuple[int, int], question: bytes, octets: int
) -> memoryview:
    """getsockopt(2) with a question in the buffer, which socket.getsockopt cannot pass.

    option  its level and number
    """
    # A table may have tens of megabytes: the kernel writes into the only copy of it, and into
    # pages that nobody has filled with zeros before.
    answer = mmap(-1, octets, MAP_PRIVATE)
    # In small pages a third of its time would go by on the first touch of each.
    with suppress(OSError):
        answer.madvise(MADV_HUGEPAGE)
    answer[: len(question)] = question
    buffer = (ctypes.c_char * octets).from_buffer(answer)
    length = ctypes.c_uint32(octets)
    result = _LIBC.getsockopt(sock.fileno(), *option, buffer, ctypes.byref(length))
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return memoryview(answer)[: length.value]
