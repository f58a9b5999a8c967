"""Read what this network namespace has of an overlay: VXLAN devices, their tables and routes."""

import errno
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edgediag.host.messages import Message
from edgediag.host.overlay_routes import (
    RAVEN_TABLES,
    all_routes_request,
    decode_overlay_route,
    device_routes_request,
    table_routes_request,
)
from edgediag.host.vxlan import (
    decode_device,
    decode_forwarding,
    devices_request,
    forwarding_request,
)
from edgediag.model.overlay import ForwardingEntry, OverlayRoute, VxlanDevice
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal
from edgediag.net.offload import offloads_checksum
from edgediag.net.plain import interface_names

_RTM_GETLINK: Final = 18
_RTM_GETROUTE: Final = 26
_RTM_GETNEIGH: Final = 30


def read_vxlans() -> tuple[VxlanDevice, ...]:
    """Every VXLAN device, in the order of the kernel.

    raises  OSError as the kernel's
    """
    names = interface_names()
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        messages = _dump(netlink, _RTM_GETLINK, devices_request())
    decoded = (decode_device(message.payload, names) for message in messages)
    return tuple(
        replace(device, offloads_checksum=offloads_checksum(device.interface))
        for device in decoded
        if device is not None
    )


def read_forwarding() -> tuple[ForwardingEntry, ...]:
    """What the VXLAN devices know of other nodes, device by device.

    raises  OSError as the kernel's
    """
    found: list[ForwardingEntry] = []
    names = interface_names()
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        for index, name in _overlay_devices(names).items():
            messages = _dump(netlink, _RTM_GETNEIGH, forwarding_request(index))
            decoded = (decode_forwarding(message.payload, names) for message in messages)
            # Kernels that do not filter tell of every device.
            found += [entry for entry in decoded if entry and entry.interface == name]
    return tuple(found)


def read_overlay_routes() -> tuple[OverlayRoute, ...]:
    """The IPv4 routes through VXLAN devices, then those in Raven's tables; none twice.

    Filtered in the kernel where it can: a host may have 100,000 others.

    raises  OSError as the kernel's
    """
    names = interface_names()
    devices = _overlay_devices(names)
    wanted = frozenset(devices.values())
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        messages = _routes(netlink, tuple(devices))
    decoded = (decode_overlay_route(message.payload, names, wanted) for message in messages)
    return tuple(dict.fromkeys(route for route in decoded if route is not None))


def _routes(netlink: NetlinkSocket, devices: Sequence[int]) -> list[Message]:
    if not netlink.is_strict:
        return list(_dump(netlink, _RTM_GETROUTE, all_routes_request()))
    requests = [device_routes_request(index) for index in devices]
    requests += [table_routes_request(table) for table in RAVEN_TABLES]
    return [
        message for request in requests for message in _dump(netlink, _RTM_GETROUTE, request)
    ]


def _overlay_devices(names: dict[int, str]) -> dict[int, str]:
    overlay = {device.interface for device in read_vxlans()}
    return {index: name for index, name in names.items() if name in overlay}


def _dump(netlink: NetlinkSocket, type_: int, payload: bytes) -> tuple[Message, ...]:
    """The messages of a dump; a routing table that does not exist has none (ENOENT)."""
    dump = netlink.dump(type_, payload)
    if not isinstance(dump, Refusal):
        return dump.messages
    if dump.errno_name == "ENOENT":
        return ()
    raise OSError(getattr(errno, dump.errno_name, 0), dump.text)
