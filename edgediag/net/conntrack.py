"""Connection tracking in this network namespace: what it drops, and what it remembers.

Who asks ctnetlink where it is not loaded has the kernel load it, and it stays; files load nothing.
"""

from pathlib import Path
from typing import Final

from edgediag.host.conntrack import decode_drops
from edgediag.host.messages import NLM_F_ACK, NLM_F_REQUEST, Message
from edgediag.model.host import DropCount
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket

_STATISTICS: Final = Path("/proc/thread-self/net/stat/nf_conntrack")
_COUNT: Final = Path("/proc/sys/net/netfilter/nf_conntrack_count")
_CONNTRACK_DELETE: Final = 1 << 8 | 2


def read_conntrack_drops() -> tuple[DropCount, ...]:
    """The packets that it dropped because it could not track them, () where nothing is tracked.

    raises  OSError as the kernel's; ENOENT also where it tracks and tells no counters, being built
            without CONFIG_NF_CONNTRACK_PROCFS
    """
    try:
        counted = decode_drops(_STATISTICS.read_text("ascii", "replace"))
    except FileNotFoundError:
        if _COUNT.exists():
            raise
        return ()
    return () if counted is None else (counted,)


def forget_connections() -> None:
    """The namespace tracks no connection any more: a translation once chosen would stay.

    Only for a namespace of one's own.

    raises  OSError where no netlink socket can be had
    """
    if not _tracks_any():
        return
    request = Message(
        type_=_CONNTRACK_DELETE, flags=NLM_F_REQUEST | NLM_F_ACK, sequence=0, payload=bytes(4)
    )
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        netlink.apply((request,))


def _tracks_any() -> bool:
    try:
        return _COUNT.read_text("ascii").strip() != "0"
    except FileNotFoundError:
        return False
