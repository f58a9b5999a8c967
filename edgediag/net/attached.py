"""The programs and filters of the devices that a packet passes, and of this process's groups."""

from collections.abc import Callable, Collection
from typing import TypeVar

from pyroute2 import IPRoute

from edgediag.host.links import decode_link
from edgediag.host.walk.attached import Attached
from edgediag.model.answer import NotChecked
from edgediag.model.host import Link
from edgediag.net.bpf_programs import read_cgroup_programs, read_tcx_programs, read_xdp_programs
from edgediag.net.degraded import degraded
from edgediag.net.plain import plain_all
from edgediag.net.traffic_control import read_tc_filters

_Object = TypeVar("_Object")


def read_attached(devices: Collection[str], *, is_sent: bool) -> Attached:
    """What stands on these devices; with `is_sent` on this process's control groups too."""
    unread: list[str] = []

    def read(name: str, reader: Callable[[], tuple[_Object, ...]]) -> tuple[_Object, ...]:
        found = degraded(name, reader)
        if isinstance(found, NotChecked):
            unread.append(found.reason)
            return ()
        return found

    links = read("links", lambda: _links(devices))
    xdp = read("XDP programs", lambda: read_xdp_programs(links))
    tcx = read("TCX programs", lambda: read_tcx_programs(links))
    filters = read("tc filters", read_tc_filters)
    groups = read("programs of control groups", read_cgroup_programs) if is_sent else ()
    return Attached(
        xdp=xdp,
        filters=(*tcx, *(each for each in filters if each.interface in devices)),
        groups=groups,
        unread=tuple(unread),
    )


def _links(devices: Collection[str]) -> tuple[Link, ...]:
    with IPRoute() as netlink:
        found = (decode_link(message) for message in plain_all(netlink.get_links()))
        return tuple(link for link in found if link is not None and link.name in devices)
