"""Read the IPsec tables of this network namespace; keys go no further than the socket's buffer.

By hand, because pyroute2 does not speak NETLINK_XFRM.
"""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from edgediag.host.walk.needs import NeedPolicies, Policies
from edgediag.host.xfrm import (
    POLICIES_REQUEST,
    STATES_REQUEST,
    decode_counts,
    decode_policy,
    decode_state,
)
from edgediag.model.answer import NotChecked
from edgediag.model.xfrm import XfrmCount, XfrmPolicy, XfrmState
from edgediag.net.netlink import NetlinkSocket, Refusal

_NETLINK_XFRM: Final = 6
_XFRM_MSG_GETSA: Final = 0x12
_XFRM_MSG_GETPOLICY: Final = 0x15
_CONF: Final = Path("/proc/sys/net")
# What lets a device do without, by whether the packet goes out, and by version.
_DISABLED: Final = {
    (True, 4): "disable_xfrm",
    (False, 4): "disable_policy",
    (False, 6): "disable_policy",
}
# A kernel without IPsec.
_NO_XFRM: Final = frozenset({errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT})
_COUNTS: Final = Path("/proc/thread-self/net/xfrm_stat")

# A gateway of a hundred sites has a few thousand; beyond that nobody reads a list.
MAX_ENTRIES: Final = 16384

_Entry = TypeVar("_Entry")


def read_policies() -> tuple[XfrmPolicy, ...]:
    """Every policy but those of single sockets, in the kernel's order.

    raises  OSError as the kernel's; E2BIG where there are more than MAX_ENTRIES
    """
    return _read(_XFRM_MSG_GETPOLICY, POLICIES_REQUEST, decode_policy)


def policies_for(need: NeedPolicies) -> Policies | NotChecked:
    """The policies that the kernel asks; none where the device does without.

    source  Documentation/networking/ip-sysctl.rst (disable_policy, disable_xfrm)
    """
    word = _DISABLED.get((need.direction == "out", need.version))
    if word and _is_set(_CONF / f"ipv{need.version}" / "conf" / need.device / word):
        return Policies(listed=())
    try:
        found = read_policies()
    except OSError as error:
        if error.errno in _NO_XFRM:
            return Policies(listed=())
        return NotChecked(reason=f"policies of xfrm: {error.strerror}")
    return Policies(
        listed=tuple(policy for policy in found if policy.direction == need.direction)
    )


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


def _is_set(path: Path) -> bool:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip() not in ("", "0")
    except OSError:
        return False


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
