"""Traffic control and other counters of drops, as the kernel tells them now."""

from pathlib import Path
from typing import Final

from pyroute2 import IPRoute

from edgediag.host.drop_counts import decode_netstat
from edgediag.host.qdiscs import decode_qdisc
from edgediag.model.drops import DropCount
from edgediag.net.plain import interface_names, plain_all

_NETSTAT: Final = Path("/proc/thread-self/net/netstat")


def read_drop_counts() -> tuple[DropCount, ...]:
    """Every queueing discipline's drops, then the reverse-path filter's.

    raises  OSError, NetlinkError as the kernel's
    """
    with IPRoute() as netlink:
        counted = _disciplines(netlink)
    filtered = decode_netstat(_NETSTAT.read_text(encoding="ascii", errors="replace"))
    return (*counted, *((filtered,) if filtered is not None else ()))


def _disciplines(netlink: IPRoute) -> tuple[DropCount, ...]:
    names = interface_names()
    decoded = (decode_qdisc(item, names) for item in plain_all(netlink.get_qdiscs()))
    return tuple(item for item in decoded if item is not None)
