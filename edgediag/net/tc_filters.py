"""The filters of traffic control at the ends of devices, as the kernel asks them."""

import errno
from collections.abc import Mapping

from edgediag.host.attached_links import holder_of_filters, qdiscs_request
from edgediag.host.qdiscs import DIRECTIONS
from edgediag.host.tc_filters import (
    AttachedFilter,
    decode_attached_filter,
    filters_request,
    unlinked,
)
from edgediag.model.culprit import TcFilterObject
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.plain import interface_names

_RTM_GETQDISC, _RTM_GETTFILTER = 38, 46


def read_tc_filters() -> tuple[TcFilterObject, ...]:
    """The filters of every device that can have any, in the order the kernel gives them.

    raises  OSError as the kernel's
    """
    return tuple(each.filter for each in read_attached_filters(interface_names()))


def read_attached_filters(names: Mapping[int, str]) -> tuple[AttachedFilter, ...]:
    """The filters of these devices, with what each runs.

    names   of the devices by index
    raises  OSError as the kernel's
    """
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        disciplines = _dumped(netlink, _RTM_GETQDISC, qdiscs_request())
        holders = names.keys() & {holder_of_filters(each) for each in disciplines}
        found = [
            decode_attached_filter(payload, names[index], direction)
            for index in sorted(holders)
            for parent, direction in DIRECTIONS.items()
            for payload in _dumped(netlink, _RTM_GETTFILTER, filters_request(index, parent))
        ]
    return unlinked([each for each in found if each is not None])


def _dumped(netlink: NetlinkSocket, type_: int, request: bytes) -> tuple[bytes, ...]:
    dump = netlink.dump(type_, request)
    if isinstance(dump, Refusal):
        raise OSError(getattr(errno, dump.errno_name, 0), dump.text)
    return tuple(message.payload for message in dump.messages)
