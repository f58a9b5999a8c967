"""WireGuard devices as generic netlink tells of them.

Key material is stepped over: no attribute with a private or preshared key is ever looked at.

source  include/uapi/linux/wireguard.h, genetlink.h; Documentation/netlink/specs/wireguard.yaml
"""

import base64
import struct
from collections.abc import Iterator
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
from edgediag.model.wireguard import WireguardPeer

FAMILY: Final = "wireguard"
KIND: Final = "wireguard"

# struct genlmsghdr: command, version, reserved.
_GENERIC: Final = struct.Struct("=BBH")
_GET_FAMILY, _FAMILY_VERSION, _FAMILY_ID, _FAMILY_NAME = 3, 1, 1, 2
_GET_DEVICE, _DEVICE_VERSION = 0, 1

_DEVICE_INDEX, _DEVICE_NAME, _DEVICE_PEERS = 1, 2, 8
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


def decode_peers(payload: bytes) -> tuple[WireguardPeer, ...]:
    """The peers in one message of such a dump; a peer with many networks may come in several."""
    found = attributes(payload[_GENERIC.size :])
    name = text(found.get(_DEVICE_NAME))
    peers = attribute_list(found.get(_DEVICE_PEERS, b""))
    decoded = (_peer(name, attributes(octets)) for _, octets in peers)
    return tuple(peer for peer in decoded if peer is not None)


def merged(peers: tuple[WireguardPeer, ...]) -> tuple[WireguardPeer, ...]:
    """Each peer once, with all of its networks; of what came twice, what came first."""
    first: dict[tuple[str, str], WireguardPeer] = {}
    networks: dict[tuple[str, str], dict[str, None]] = {}
    for peer in peers:
        key = (peer.interface, peer.public_key)
        first.setdefault(key, peer)
        networks.setdefault(key, {}).update(dict.fromkeys(peer.networks))
    return tuple(
        WireguardPeer(
            interface=peer.interface,
            public_key=peer.public_key,
            endpoint=peer.endpoint,
            port=peer.port,
            handshake_s=peer.handshake_s,
            received_octets=peer.received_octets,
            sent_octets=peer.sent_octets,
            keepalive_s=peer.keepalive_s,
            networks=tuple(networks[key]),
        )
        for key, peer in first.items()
    )


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
