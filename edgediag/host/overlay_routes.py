"""The routes of an overlay: those through its devices, and those in the tables of Raven.

source  openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go (table 9027),
        pkg/networkengine/vpndriver/wireguard/wireguard.go (table 9028)
"""

import struct
from collections.abc import Mapping
from typing import Final

from edgediag.host.attributes import native32
from edgediag.host.routes import FAMILIES, TYPE_NAMES, decode_route
from edgediag.model.overlay import OverlayRoute

RAVEN_TABLE: Final = 9027
WIREGUARD_TABLE: Final = 9028
RAVEN_TABLES: Final = (RAVEN_TABLE, WIREGUARD_TABLE)

_RTMSG: Final = struct.Struct("=BBBBBBBBI")
_RTA_OIF, _RTA_TABLE = 4, 15


def device_routes_request(index: int) -> bytes:
    """The payload of a dump of the IPv4 routes through a device (NETLINK_GET_STRICT_CHK)."""
    return _RTMSG.pack(FAMILIES[4], 0, 0, 0, 0, 0, 0, 0, 0) + native32(_RTA_OIF, index)


def table_routes_request(table: int) -> bytes:
    """The payload of a dump of the IPv4 routes of a table (NETLINK_GET_STRICT_CHK)."""
    return _RTMSG.pack(FAMILIES[4], 0, 0, 0, 0, 0, 0, 0, 0) + native32(_RTA_TABLE, table)


def all_routes_request() -> bytes:
    """The payload of a dump of all IPv4 routes, for kernels that do not filter."""
    return _RTMSG.pack(FAMILIES[4], 0, 0, 0, 0, 0, 0, 0, 0)


def decode_overlay_route(
    payload: bytes, names: Mapping[int, str], devices: frozenset[str]
) -> OverlayRoute | None:
    """The route in an RTM_NEWROUTE, or None where it is none of an overlay.

    names    interface names by index
    devices  those of the overlay
    """
    route = decode_route(payload)
    if route is None:
        return None
    interface = names.get(route.oif, str(route.oif)) if route.oif else ""
    if interface not in devices and route.table not in RAVEN_TABLES:
        return None
    return OverlayRoute(
        interface=interface,
        type_=TYPE_NAMES.get(route.type_, str(route.type_)),
        prefix=route.prefix,
        gateway=route.gateway,
        table=route.table,
        mtu=route.mtu,
    )
