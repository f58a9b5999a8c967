"""Read the IPsec tables of this network namespace; keys go no further than the socket's buffer.

By hand, because pyroute2 does not speak NETLINK_XFRM.
"""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from edgediag.host.xfrm import (
    POLICIES_REQUEST,
    STATES_REQUEST,
    decode_counts,
    decode_policy,
    decode_state,
)
from edgediag.model.xfrm import XfrmCount, XfrmPolicy, XfrmState
from edgediag.net.netlink import NetlinkSocket, Refusal

_NETLINK_XFRM: Final = 6
_XFRM_MSG_GETSA: Final = 0x12
_XFRM_MSG_GETPOLICY: Final = 0x15
_COUNTS: Final = Path("/proc/thread-self/net/xfrm_stat")

# A gateway of a hundred sites has a few thousand; beyond that nobody reads a list.
MAX_ENTRIES: Final = 16384

_Entry = TypeVar("_Entry")


def read_policies() -> tuple[XfrmPolicy, ...]:
    """Every policy but those of single sockets, in the kernel's order.

    raises  OSError as the kernel's; E2BIG where there are more than MAX_ENTRIES
    """
    return _read(_XFRM_MSG_GETPOLICY, POLICIES_REQUEST, decode_policy)


def read_states() -> tuple[XfrmState, ...]:
    """Every security association, without its keys, in the kernel's order.

    raises  OSError as the kernel's; E2BIG where there are more than MAX_ENTRIES
    """
    return _read(_XFRM_MSG_GETSA, STATES_REQUEST, decode_state)


def read_counts() -> tuple[XfrmCount, ...]:
    """The error counters that are not zero.

    raises  OSError as the kernel's; ENOENT where it has no such counters
    """
    return decode_counts(_COUNTS.read_text(encoding="ascii", errors="replace"))


def _read(
    type_: int, request: bytes, decode: Callable[[bytes], _Entry | None]
) -> tuple[_Entry, ...]:
    with NetlinkSocket(_NETLINK_XFRM) as netlink:
        dump = netlink.dump(type_, request)
    if isinstance(dump, Refusal):
        raise OSError(getattr(errno, dump.errno_name, 0), dump.text)
    if len(dump.messages) > MAX_ENTRIES:
        raise OSError(errno.E2BIG, "too many entries")
    decoded = (decode(message.payload) for message in dump.messages)
    return tuple(entry for entry in decoded if entry is not None)
