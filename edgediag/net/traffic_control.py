"""Traffic control and other counters of drops, as the kernel tells them now."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pyroute2 import IPRoute

from edgediag.host.drop_counts import decode_netstat
from edgediag.host.dumped import Dumped
from edgediag.host.qdiscs import DIRECTIONS, decode_filter, decode_qdisc
from edgediag.model.culprit import TcFilterObject
from edgediag.model.host import Drop, DropCount
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


def read_tc_filters() -> tuple[TcFilterObject, ...]:
    """The filters of every device that can have any, in the order the kernel gives them.

    raises  OSError, NetlinkError as the kernel's
    """
    names = interface_names()
    with IPRoute() as netlink:
        holders = {item.interface for item in _disciplines(netlink) if item.drop is Drop.TC_FILTER}
        found = [
            decode_filter(message, names)
            for index, name in names.items()
            if name in holders
            for parent in DIRECTIONS
            for message in _filters(netlink, index, parent)
        ]
    return tuple(item for item in found if item is not None)


def _disciplines(netlink: IPRoute) -> tuple[DropCount, ...]:
    names = interface_names()
    decoded = (decode_qdisc(item, names) for item in plain_all(netlink.get_qdiscs()))
    return tuple(item for item in decoded if item is not None)


def _filters(netlink: IPRoute, index: int, parent: int) -> Iterable[Dumped]:
    return plain_all(netlink.get_filters(index=index, parent=parent))
