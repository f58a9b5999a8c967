"""The programs and filters of the devices that a packet passes, and of this process's groups."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from edgediag.host.attached_links import has_xdp
from edgediag.host.bridges import link_request
from edgediag.host.tc_filters import of_tcx
from edgediag.host.walk.attached import Attached
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import XdpProgramObject
from edgediag.net.bpf_programs import read_cgroup_programs, read_tcx_programs
from edgediag.net.degraded import degraded
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.plain import interface_names
from edgediag.net.tc_filters import read_attached_filters

_RTM_GETLINK: Final = 18
_Object = TypeVar("_Object")
_NONE: Final = ()


def read_attached(devices: Collection[str], *, is_sent: bool) -> Attached:
    """What stands on these devices; with `is_sent` on this process's control groups too."""
    unread: list[str] = []

    def read(name: str, reader: Callable[[], tuple[_Object, ...]]) -> tuple[_Object, ...]:
        found = degraded(name, reader)
        if isinstance(found, NotChecked):
            unread.append(found.reason)
            return ()
        return found

    names = {index: name for index, name in interface_names().items() if name in devices}
    xdp = read("XDP programs", lambda: _xdp_programs(names))
    tcx = read("TCX programs", lambda: read_tcx_programs(names))
    filters = read("tc filters", lambda: read_attached_filters(names))
    groups = read("programs of control groups", read_cgroup_programs) if is_sent else ()
    every = (*map(of_tcx, tcx), *filters)
    return Attached(xdp=xdp, filters=every, groups=groups, unread=tuple(unread))


def _xdp_programs(names: Mapping[int, str]) -> tuple[XdpProgramObject, ...]:
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        answers = [netlink.request(_RTM_GETLINK, link_request(index)) for index in names]
    if not any(isinstance(each, Refusal) or has_xdp(each.payload) for each in answers):
        return _NONE
    # Here, for it brings in all of pyroute2, a tenth of a second, and few devices have any.
    from edgediag.net.link_programs import read_xdp_programs

    return read_xdp_programs(names)
