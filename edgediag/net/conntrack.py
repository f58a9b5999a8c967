"""What connection tracking counts in this network namespace."""

import errno
from typing import Final

from edgediag.host.conntrack import decode_drops
from edgediag.model.host import DropCount
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal

_CTNETLINK: Final = 1 << 8
_GET_STATS_CPU: Final = 4
_HEAD: Final = bytes(4)


def read_conntrack_drops() -> tuple[DropCount, ...]:
    """The packets that it dropped because it could not track them, () where nothing is tracked.

    raises  OSError as the kernel's
    """
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        dump = netlink.dump(_CTNETLINK | _GET_STATS_CPU, _HEAD)
    if isinstance(dump, Refusal):
        # EINVAL: the module is not there, so nothing is tracked.
        if dump.errno_name == "EINVAL":
            return ()
        raise OSError(getattr(errno, dump.errno_name, 0), dump.text)
    counted = decode_drops(message.payload for message in dump.messages)
    return () if counted is None else (counted,)
