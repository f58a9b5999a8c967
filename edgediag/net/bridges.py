"""The bridges and neighbours of this host as a walk asks for them."""

import socket
from pathlib import Path
from typing import Final

from edgediag.host.bridges import (
    KIND,
    BridgeLink,
    behind_request,
    decode_bridge_link,
    decode_mac,
    decode_port,
    decode_state,
    link_request,
    neighbour_request,
    ports_request,
)
from edgediag.host.device_addresses import (
    addresses_request,
    asked_from,
    decode_device_address,
)
from edgediag.host.walk.needs import (
    Behind,
    Bridge,
    NeedBehind,
    NeedResolution,
    NoBridge,
    Port,
    Resolved,
    Unresolved,
)
from edgediag.host.walk.parcel import Interface, Parcel
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.net.netlink import NetlinkSocket, Refusal

_RTM_GETLINK: Final = 18
_RTM_GETADDR: Final = 22
_RTM_GETNEIGH: Final = 30
_NUD_NOARP: Final = 0x40
_STATES: Final = {0x01: "incomplete", 0x20: "failed"}
_ANNOUNCES: Final = "/proc/sys/net/ipv4/conf/{}/arp_announce"
# Of all bridges of a namespace; a bridge can also ask for itself alone.
_CALLS: Final = {
    4: Path("/proc/sys/net/bridge/bridge-nf-call-iptables"),
    6: Path("/proc/sys/net/bridge/bridge-nf-call-ip6tables"),
}


def bridge_of(routing: NetlinkSocket, device: Interface) -> Bridge | NoBridge | NotChecked:
    """The bridge that a device is or is a port of."""
    link = _link(routing, device.index)
    if isinstance(link, BridgeLink) and link.kind != KIND and link.port_kind == KIND:
        link = _link(routing, link.master)
    if isinstance(link, NotChecked):
        return link
    if link.kind != KIND:
        return NoBridge()
    dump = routing.dump(_RTM_GETLINK, ports_request(link.index))
    if isinstance(dump, Refusal):
        return NotChecked(reason=f"cannot read the ports of {link.name}: {dump.errno_name}")
    found = (decode_bridge_link(message.payload) for message in dump.messages)
    own = (port for port in found if port is not None and port.master == link.index)
    return Bridge(
        interface=Interface(name=link.name, index=link.index),
        mac=link.mac,
        ports=tuple(_port(port) for port in sorted(own, key=lambda each: each.index)),
        is_filtering=link.is_filtering,
        calls=_calls(link),
    )


def behind(routing: NetlinkSocket, need: NeedBehind) -> Behind | NotChecked:
    """The MAC of a neighbour and the port that it was last heard by, as far as the kernel knows.

    Kernels before 5.0 do not tell of one entry: then neither is known.
    """
    mac: bytes | None
    if isinstance(need.neighbour, bytes):
        mac = need.neighbour
    else:
        asked = neighbour_request(need.bridge.index, need.neighbour)
        entry = routing.request(_RTM_GETNEIGH, asked)
        mac = None if isinstance(entry, Refusal) else decode_mac(entry.payload)
    if mac is None:
        return Behind(mac=None, port=None)
    known = routing.request(_RTM_GETNEIGH, behind_request(need.bridge.index, mac))
    index = None if isinstance(known, Refusal) else decode_port(known.payload)
    return Behind(mac=mac, port=None if index is None else _interface(index))


def resolution(
    routing: NetlinkSocket, need: NeedResolution
) -> Resolved | Unresolved | NotChecked:
    """Whether the MAC of a neighbour is known, or has to be asked for."""
    link = _link(routing, need.device.index)
    if isinstance(link, NotChecked):
        return link
    if not link.is_asking:
        return Resolved()
    entry = routing.request(_RTM_GETNEIGH, neighbour_request(link.index, need.neighbour))
    if not isinstance(entry, Refusal):
        if decode_mac(entry.payload) is not None or decode_state(entry.payload) & _NUD_NOARP:
            return Resolved()
    elif entry.errno_name != "ENOENT":
        return NotChecked(reason=f"neighbour {need.neighbour}: {entry.errno_name}")
    state = 0 if isinstance(entry, Refusal) else decode_state(entry.payload)
    return Unresolved(
        state=_STATES.get(state, "not known"),
        mac=link.mac,
        source=_source(routing, link, need),
    )


def _source(routing: NetlinkSocket, link: BridgeLink, need: NeedResolution) -> Address | None:
    """The source of the question, None where it is not known."""
    if need.neighbour.version == 4:
        return need.source if _is_from_source(link.name) else None
    dump = routing.dump(_RTM_GETADDR, addresses_request())
    if isinstance(dump, Refusal):
        return None
    decoded = (decode_device_address(message.payload) for message in dump.messages)
    own = [address for address in decoded if address is not None]
    return asked_from(own, link.index, need.source)


def _is_from_source(device: str) -> bool:
    """Whether ARP asks from the packet's source (net.ipv4.conf.*.arp_announce is 0)."""
    paths = (_ANNOUNCES.format(name) for name in ("all", device))
    try:
        return all(Path(path).read_text().strip() == "0" for path in paths)
    except OSError:
        return False


def masters_of(routing: NetlinkSocket, parcel: Parcel) -> tuple[str, ...]:
    """What takes the packet from the device that it comes in by, before IP sees it; no bridge."""
    device = parcel.incoming
    if not device.index:
        return ()
    link = _link(routing, device.index)
    if isinstance(link, NotChecked):
        return (f"device {device.name}: {link.reason}",)
    if not link.master or link.port_kind == KIND:
        return ()
    return (f"what takes packets from {device.name}, a port of another device",)


def _link(routing: NetlinkSocket, index: int) -> BridgeLink | NotChecked:
    answer = routing.request(_RTM_GETLINK, link_request(index))
    if isinstance(answer, Refusal):
        return NotChecked(reason=answer.errno_name)
    link = decode_bridge_link(answer.payload)
    return NotChecked(reason="no name") if link is None else link


def _port(link: BridgeLink) -> Port:
    interface = Interface(name=link.name, index=link.index)
    return Port(interface=interface, mac=link.mac, is_forwarding=link.is_forwarding)


def _calls(link: BridgeLink) -> frozenset[int]:
    """The versions of IP that br_netfilter asks for; it has no sysctls where it is not loaded."""
    try:
        asked = {version for version, path in _CALLS.items() if path.read_text().strip() != "0"}
    except OSError:
        return frozenset()
    return frozenset(asked) | link.calls


def _interface(index: int) -> Interface | None:
    try:
        return Interface(name=socket.if_indextoname(index), index=index)
    except OSError:
        return None
