"""Bridges, their ports, whom they know behind which, and the neighbours of a device.

source  include/uapi/linux/if_link.h (IFLA_BR_*, IFLA_BRPORT_*), neighbour.h, if_bridge.h
"""

import struct
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import attribute, attributes, native, native32, nested, text
from edgediag.model.flow import Address

KIND: Final = "bridge"
IFINFO: Final = struct.Struct("=BBHiII")
_NEIGHBOUR: Final = struct.Struct("=BBHiHBB")
_PF_BRIDGE: Final = 7
_FAMILIES: Final = {4: 2, 6: 10}
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MASTER, _IFLA_LINKINFO = 1, 3, 10, 18
_INFO_KIND, _INFO_DATA, _SLAVE_KIND, _SLAVE_DATA = 1, 2, 4, 5
_BR_VLAN_FILTERING, _BR_CALL_IPTABLES, _BR_CALL_IP6TABLES = 7, 36, 37
_PORT_STATE, _STATE_FORWARDING = 1, 3
_NDA_DST, _NDA_LLADDR, _NDA_MASTER = 1, 2, 9
# INCOMPLETE and FAILED: the entry has no address, or an old one.
_NO_ADDRESS: Final = 0x01 | 0x20
_MAC_OCTETS: Final = 6
# ARPHRD_ETHER and IFF_NOARP.
_ETHERNET, _NOARP = 1, 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeLink:
    """A device as far as bridges go.

    kind        "bridge", "veth", ...; "" for none
    master      the index of the device that it is a port of, 0 for none
    port_kind   what that device is, as "bridge" or "bond"
    is_forwarding  as a port of a bridge it carries frames
    is_asking   neighbours behind it are asked for their MACs
    calls       the versions of IP whose rules the bridge has asked about frames (br_netfilter)
    """

    name: str
    index: int
    mac: bytes
    kind: str
    master: int
    port_kind: str
    is_forwarding: bool
    is_filtering: bool
    is_asking: bool
    calls: frozenset[int]


def link_request(index: int) -> bytes:
    """The payload of an RTM_GETLINK for one device."""
    return IFINFO.pack(0, 0, 0, index, 0, 0)


def ports_request(bridge: int) -> bytes:
    """The payload of an RTM_GETLINK dump of one bridge's ports; older kernels tell of all."""
    return IFINFO.pack(0, 0, 0, 0, 0, 0) + native32(_IFLA_MASTER, bridge)


def decode_bridge_link(payload: bytes) -> BridgeLink | None:
    """The device of an RTM_NEWLINK, None where it has no name."""
    if len(payload) < IFINFO.size:
        return None
    found = attributes(payload[IFINFO.size :])
    info = nested(found, _IFLA_LINKINFO)
    data, port = nested(info, _INFO_DATA), nested(info, _SLAVE_DATA)
    kind = text(info.get(_INFO_KIND))
    calls = {4: _BR_CALL_IPTABLES, 6: _BR_CALL_IP6TABLES} if kind == KIND else {}
    if not text(found.get(_IFLA_IFNAME)):
        return None
    _, _, type_, index, flags, _ = IFINFO.unpack_from(payload)
    return BridgeLink(
        name=text(found.get(_IFLA_IFNAME)),
        index=index,
        mac=found.get(_IFLA_ADDRESS, b""),
        kind=kind,
        master=native(found.get(_IFLA_MASTER)),
        port_kind=text(info.get(_SLAVE_KIND)),
        is_forwarding=native(port.get(_PORT_STATE)) == _STATE_FORWARDING,
        is_filtering=kind == KIND and bool(native(data.get(_BR_VLAN_FILTERING))),
        is_asking=type_ == _ETHERNET and not flags & _NOARP,
        calls=frozenset(version for version, type_ in calls.items() if native(data.get(type_))),
    )


def behind_request(bridge: int, mac: bytes) -> bytes:
    """The payload of an RTM_GETNEIGH for whom a bridge knows by a MAC (Linux 5.0)."""
    head = _NEIGHBOUR.pack(_PF_BRIDGE, 0, 0, 0, 0, 0, 0)
    return head + attribute(_NDA_LLADDR, mac) + native32(_NDA_MASTER, bridge)


def decode_port(payload: bytes) -> int | None:
    """The index of the port in an entry of a bridge's forwarding table, None where it has none."""
    if len(payload) < _NEIGHBOUR.size:
        return None
    family, _, _, index, _, _, _ = _NEIGHBOUR.unpack_from(payload)
    return index if family == _PF_BRIDGE and index > 0 else None


def neighbour_request(device: int, address: Address) -> bytes:
    """The payload of an RTM_GETNEIGH for one neighbour (Linux 5.0)."""
    head = _NEIGHBOUR.pack(_FAMILIES[address.version], 0, 0, device, 0, 0, 0)
    return head + attribute(_NDA_DST, address.packed)


def decode_state(payload: bytes) -> int:
    """The state of an RTM_NEWNEIGH (NUD_*), 0 where it is too short to tell."""
    return _NEIGHBOUR.unpack_from(payload)[4] if len(payload) >= _NEIGHBOUR.size else 0


def decode_mac(payload: bytes) -> bytes | None:
    """The MAC of an RTM_NEWNEIGH, None where the entry has none that is in use."""
    if len(payload) < _NEIGHBOUR.size:
        return None
    state = _NEIGHBOUR.unpack_from(payload)[4]
    mac = attributes(payload[_NEIGHBOUR.size :]).get(_NDA_LLADDR, b"")
    return mac if len(mac) == _MAC_OCTETS and not state & _NO_ADDRESS else None
