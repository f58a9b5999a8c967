"""VXLAN devices and their forwarding tables (RTM_NEWLINK, RTM_NEWNEIGH of PF_BRIDGE).

source  include/uapi/linux/if_link.h IFLA_VXLAN_*, neighbour.h; drivers/net/vxlan/vxlan_core.c
"""

import struct
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from edgediag.host.attributes import attribute, attributes, big, native, nest, nested, text
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.overlay import NOT_COUNTED, ForwardingEntry, VxlanDevice

KIND: Final = "vxlan"

# flannel names its devices so, with the VNI behind the dot (flannel pkg/backend/vxlan/vxlan.go).
FLANNEL_PREFIX: Final = "flannel."
# openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go: vxlanLinkName, vxlanID.
RAVEN_DEVICE: Final = "raven0"
RAVEN_VNI: Final = 200
_PF_BRIDGE: Final = 7

_LINK: Final = struct.Struct("=BBHiII")
_NEIGHBOUR: Final = struct.Struct("=BBHiHBB")
_IFLA_IFNAME, _IFLA_LINKINFO, _INFO_KIND, _INFO_DATA = 3, 18, 1, 2
# struct rtnl_link_stats64 begins with rx_packets.
_IFLA_STATS64, _COUNTER_OCTETS = 23, 8
_ID, _GROUP, _LINK_INDEX, _LOCAL, _LEARNING = 1, 2, 3, 4, 7
_L2MISS, _L3MISS, _PORT, _GROUP6, _LOCAL6, _UDP_CSUM, _COLLECT_METADATA = 13, 14, 15, 16, 17, 18, 25
_NDA_DST, _NDA_LLADDR = 1, 2
_ADDRESS_SIZES: Final = (4, 16)
_MAC_SIZE: Final = 6


def devices_request() -> bytes:
    """The payload of an RTM_GETLINK dump of VXLAN devices; older kernels tell of all devices."""
    kind = nest(_IFLA_LINKINFO, attribute(_INFO_KIND, KIND.encode()))
    return _LINK.pack(0, 0, 0, 0, 0, 0) + kind


def forwarding_request(index: int) -> bytes:
    """The payload of an RTM_GETNEIGH dump of one device's forwarding table."""
    return _NEIGHBOUR.pack(_PF_BRIDGE, 0, 0, index, 0, 0, 0)


def decode_device(payload: bytes, names: Mapping[int, str]) -> VxlanDevice | None:
    """The device of an RTM_NEWLINK, or None where it is no VXLAN device.

    names  interface names by index
    """
    if len(payload) < _LINK.size:
        return None
    found = attributes(payload[_LINK.size :])
    info = nested(found, _IFLA_LINKINFO)
    if text(info.get(_INFO_KIND)) != KIND:
        return None
    data = nested(info, _INFO_DATA)
    below = native(data.get(_LINK_INDEX))
    return VxlanDevice(
        interface=text(found.get(_IFLA_IFNAME)),
        vni=native(data.get(_ID)),
        port=big(data.get(_PORT)),
        local=_address(data.get(_LOCAL)) or _address(data.get(_LOCAL6)),
        remote=_address(data.get(_GROUP)) or _address(data.get(_GROUP6)),
        underlay=names.get(below, str(below)) if below else "",
        is_learning=bool(native(data.get(_LEARNING))),
        is_asking=bool(native(data.get(_L2MISS)) or native(data.get(_L3MISS))),
        is_external=bool(native(data.get(_COLLECT_METADATA))),
        has_checksum=bool(native(data.get(_UDP_CSUM))),
        received=_received(found.get(_IFLA_STATS64)),
    )


def decode_forwarding(payload: bytes, names: Mapping[int, str]) -> ForwardingEntry | None:
    """The entry of an RTM_NEWNEIGH, or None where it names no other node."""
    if len(payload) < _NEIGHBOUR.size:
        return None
    family, _, _, index, _, _, _ = _NEIGHBOUR.unpack_from(payload)
    found = attributes(payload[_NEIGHBOUR.size :])
    destination, mac = _address(found.get(_NDA_DST)), found.get(_NDA_LLADDR, b"")
    if family != _PF_BRIDGE or destination is None or len(mac) != _MAC_SIZE:
        return None
    return ForwardingEntry(
        interface=names.get(index, str(index)), mac=mac.hex(":"), destination=destination
    )


def _received(counters: bytes | None) -> int | NotChecked:
    if counters is None or len(counters) < _COUNTER_OCTETS:
        return NOT_COUNTED
    return native(counters[:_COUNTER_OCTETS])


def _address(octets: bytes | None) -> Address | None:
    """An address, None for none and for the unspecified one, by which the kernel means none."""
    if octets is None or len(octets) not in _ADDRESS_SIZES or not any(octets):
        return None
    return ip_address(octets)
