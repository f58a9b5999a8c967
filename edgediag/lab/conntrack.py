"""A connection-tracking table as full as it may get: entries of connections that nobody has.

The limit counts the entries of each network namespace for itself. They are assured, so that the
kernel does not give up one of them for a new connection (nf_conntrack_core.c, early_drop).

source  include/uapi/linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_common.h (IPS_*)
"""

import socket
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from edgediag.errors import CannotRunError
from edgediag.host.attributes import big32
from edgediag.host.conntrack import ORIGINAL, REPLY, encode_tuple
from edgediag.host.messages import NLM_F_CREATE, NLM_F_REQUEST, Message, join_message
from edgediag.lab.namespace import entered

_LIMIT: Final = Path("/proc/sys/net/netfilter/nf_conntrack_max")
_COUNT: Final = Path("/proc/sys/net/netfilter/nf_conntrack_count")
# Ten times the kernel's own choice for a large machine; each entry takes 320 octets of it.
MAX_ENTRIES: Final = 2_000_000
_BATCH: Final = 256
_LIFE_S: Final = 3600

_CTNETLINK_NEW, _CTNETLINK_DELETE = 1 << 8, 1 << 8 | 2
_NETLINK_NETFILTER: Final = 12
_STATUS, _TIMEOUT = 3, 7
_SEEN_REPLY, _ASSURED, _CONFIRMED = 0x02, 0x04, 0x08
_HEAD: Final = bytes([socket.AF_INET, 0, 0, 0])
# Addresses for benchmarks (RFC 2544 §C.2.2), which the lab has nowhere.
_FIRST: Final = IPv4Address("198.18.0.0")
_SERVER: Final = IPv4Address("198.19.255.254").packed
_PORT: Final = 53


def fill(namespace: str) -> None:
    """Enter connections until the table holds as many as it may.

    raises  CannotRunError where the limit is not to be had, or too large
    """
    with entered(namespace):
        limit = _number(_LIMIT)
        _check(limit)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
            # What is there already is not assured, and would be given up for the first connection.
            netlink.send(_flush())
            # Some are refused, where too many meet in one place of the table.
            for first in range(0, 2 * limit, _BATCH):
                netlink.send(b"".join(map(_entry, range(first, first + _BATCH))))
                if _number(_COUNT) >= limit:
                    return
    raise CannotRunError(f"cannot fill the conntrack table of {namespace}: entries are refused")


def _flush() -> bytes:
    """The message that takes every entry of the namespace away."""
    return join_message(
        Message(type_=_CTNETLINK_DELETE, flags=NLM_F_REQUEST, sequence=0, payload=_HEAD)
    )


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError) as exc:
        raise CannotRunError(f"cannot fill the conntrack table: {path}: {exc}") from exc


def _check(limit: int) -> None:
    if limit > MAX_ENTRIES:
        raise CannotRunError(
            f"cannot fill the conntrack table: it may hold {limit} entries, which takes too long; "
            f"set nf_conntrack_max to {MAX_ENTRIES} or less"
        )


def _entry(number: int) -> bytes:
    """The message that enters a connection; each number is another one."""
    client, port = (_FIRST + (number >> 15)).packed, 1024 + (number & 0x7FFF)
    message = Message(
        type_=_CTNETLINK_NEW,
        flags=NLM_F_REQUEST | NLM_F_CREATE,
        sequence=0,
        payload=_HEAD
        + encode_tuple(ORIGINAL, (client, port), (_SERVER, _PORT))
        + encode_tuple(REPLY, (_SERVER, _PORT), (client, port))
        + big32(_STATUS, _SEEN_REPLY | _ASSURED | _CONFIRMED)
        + big32(_TIMEOUT, _LIFE_S),
    )
    return join_message(message)
