"""WireGuard devices as generic netlink tells of them.

Key material is stepped over: no attribute with a private or preshared key is ever looked at.

source  include/uapi/linux/wireguard.h, genetlink.h; Documentation/netlink/specs/wireguard.yaml
"""

import base64
import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from edgediag.host.attributes import (
    attribute_list,
    attributes,
    native,
    native32,
    string,
    text,
)
from edgediag.model.flow import Address
from edgediag.model.wireguard import WireguardDevice, WireguardPeer

FAMILY: Final = "wireguard"
KIND: Final = "wireguard"

# openyurtio/raven pkg/networkengine/vpndriver/wireguard/wireguard.go: DeviceName.
RAVEN_DEVICE: Final = "raven-wg0"

# struct genlmsghdr: command, version, reserved.
_GENERIC: Final = struct.Struct("=BBH")
_GET_FAMILY, _FAMILY_VERSION, _FAMILY_ID, _FAMILY_NAME = 3, 1, 1, 2
_GET_DEVICE, _DEVICE_VERSION = 0, 1

_DEVICE_INDEX, _DEVICE_NAME, _DEVICE_PORT, _DEVICE_PEERS = 1, 2, 6, 8
_PUBLIC_KEY, _ENDPOINT, _KEEPALIVE, _HANDSHAKE, _RECEIVED, _SENT, _NETWORKS = 1, 4, 5, 6, 7, 8, 9
_NETWORK_ADDRESS, _NETWORK_LENGTH = 2, 3

_KEY_OCTETS: Final = 32
# struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)): family, port, then the address.
_AF_INET, _AF_INET6 = 2, 10
_ADDRESS_AT: Final = {_AF_INET: (4, 4), _AF_INET6: (8, 16)}
_SOCKADDR: Final = struct.Struct("=H2s")
# struct __kernel_timespec: seconds and nanoseconds; all zero before the first handshake.
_TIMESPEC: Final = struct.Struct("=qq")
_NANOSECOND: Final = 1e-9


def family_request() -> bytes:
    """The payload that asks the controller (GENL_ID_CTRL) for the number of the family."""
    return _GENERIC.pack(_GET_FAMILY, _FAMILY_VERSION, 0) + string(_FAMILY_NAME, FAMILY)


def decode_family(payload: bytes) -> int:
    """The number of the family in the controller's answer, 0 where there is none."""
    return native(attributes(payload[_GENERIC.size :]).get(_FAMILY_ID))


def device_request(index: int) -> bytes:
    """The payload of a dump of one device with its peers."""
    return _GENERIC.pack(_GET_DEVICE, _DEVICE_VERSION, 0) + native32(_DEVICE_INDEX, index)


def decode_device(payload: bytes, read_s: float) -> WireguardDevice:
    """The device in one message of such a dump; one with many peers comes in several."""
    found = attributes(payload[_GENERIC.size :])
    name = text(found.get(_DEVICE_NAME))
    peers = attribute_list(found.get(_DEVICE_PEERS, b""))
    decoded = (_peer(name, attributes(octets)) for _, octets in peers)
    return WireguardDevice(
        interface=name,
        listen_port=native(found.get(_DEVICE_PORT)),
        is_in_user_space=False,
        read_s=read_s,
        peers=tuple(peer for peer in decoded if peer is not None),
    )


def merged(parts: Iterable[WireguardDevice]) -> tuple[WireguardDevice, ...]:
    """Each device once, each peer of it once with all of its networks.

    Of what came twice, what came first: the kernel says all but networks in the first message.
    """
    devices: dict[str, WireguardDevice] = {}
    for part in parts:
        known = devices.get(part.interface, replace(part, peers=()))
        devices[part.interface] = replace(known, peers=_joined((*known.peers, *part.peers)))
    return tuple(devices.values())


def grown(
    before: Iterable[WireguardDevice], after: Iterable[WireguardDevice]
) -> tuple[WireguardDevice, ...]:
    """The later reading, with what each peer was sent since the earlier."""
    old = {
        (peer.interface, peer.public_key): peer.sent_octets
        for device in before
        for peer in device.peers
    }
    return tuple(
        replace(device, peers=tuple(_since(peer, old) for peer in device.peers))
        for device in after
    )


def _since(peer: WireguardPeer, old: dict[tuple[str, str], int]) -> WireguardPeer:
    known = old.get((peer.interface, peer.public_key))
    if known is None or known > peer.sent_octets:
        # A peer that was made anew has a new count.
        return peer
    return replace(peer, sent_meanwhile=peer.sent_octets - known)


def _joined(peers: Iterable[WireguardPeer]) -> tuple[WireguardPeer, ...]:
    first: dict[str, WireguardPeer] = {}
    networks: dict[str, dict[str, None]] = {}
    for peer in peers:
        first.setdefault(peer.public_key, peer)
        networks.setdefault(peer.public_key, {}).update(dict.fromkeys(peer.networks))
    return tuple(replace(peer, networks=tuple(networks[key])) for key, peer in first.items())


def _peer(interface: str, found: dict[int, bytes]) -> WireguardPeer | None:
    key = found.get(_PUBLIC_KEY, b"")
    if len(key) != _KEY_OCTETS:
        return None
    endpoint, port = _endpoint(found.get(_ENDPOINT, b""))
    return WireguardPeer(
        interface=interface,
        public_key=base64.b64encode(key).decode("ascii"),
        endpoint=endpoint,
        port=port,
        handshake_s=_moment(found.get(_HANDSHAKE, b"")),
        received_octets=native(found.get(_RECEIVED)),
        sent_octets=native(found.get(_SENT)),
        keepalive_s=native(found.get(_KEEPALIVE)),
        networks=tuple(_networks(found.get(_NETWORKS, b""))),
    )


def _endpoint(octets: bytes) -> tuple[Address | None, int]:
    if len(octets) < _SOCKADDR.size:
        return None, 0
    family, port = _SOCKADDR.unpack_from(octets)
    at, size = _ADDRESS_AT.get(family, (0, 0))
    address = octets[at : at + size]
    if not size or len(address) != size:
        return None, 0
    return ip_address(address), int.from_bytes(port, "big")


def _moment(octets: bytes) -> float | None:
    if len(octets) != _TIMESPEC.size:
        return None
    seconds, nanoseconds = _TIMESPEC.unpack(octets)
    return seconds + nanoseconds * _NANOSECOND if seconds > 0 else None


def _networks(octets: bytes) -> Iterator[str]:
    for _, inner in attribute_list(octets):
        found = attributes(inner)
        address = found.get(_NETWORK_ADDRESS, b"")
        if len(address) in (4, 16):
            yield f"{ip_address(address)}/{native(found.get(_NETWORK_LENGTH))}"
