"""Sockets of TCP and UDP as sock_diag(7) lists them (include/uapi/linux/inet_diag.h)."""

import struct
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

from edgediag.host.attributes import attributes, big, native
from edgediag.model.flow import Address

# States of TCP; a datagram socket is in the first once it is connected, in the second before.
CONNECTED: Final = 1
UNCONNECTED: Final = 7
LISTENING: Final = 10

# struct inet_diag_req_v2 up to its source port, then the rest of its socket identity.
_REQUEST: Final = struct.Struct("=BBxxI2s46x")
# struct inet_diag_msg without its timer, its cookie, its queues and its inode.
_MESSAGE: Final = struct.Struct("=B3x2s2s16s16sI20xI4x")
_SKV6ONLY: Final = 11
_ADDRESS_OCTETS: Final = {2: 4, 10: 16}


class InetSocket(NamedTuple):
    """One socket; peer_port is 0 where it has no peer, device 0 where it is bound to none."""

    address: Address
    port: int
    peer: Address
    peer_port: int
    device: int
    uid: int
    is_ipv6_only: bool


def dump_request(family: int, protocol: int, states: tuple[int, ...], port: int) -> bytes:
    """All sockets of the states; of one local port unless that is 0."""
    wanted = sum(1 << state for state in states)
    return _REQUEST.pack(family, protocol, wanted, port.to_bytes(2, "big"))


def decode_inet_socket(payload: bytes) -> InetSocket | None:
    """The socket of one message, None for one of another family or cut short."""
    if len(payload) < _MESSAGE.size or payload[0] not in _ADDRESS_OCTETS:
        return None
    family, port, peer_port, own, peer, device, uid = _MESSAGE.unpack_from(payload)
    length = _ADDRESS_OCTETS[family]
    return InetSocket(
        address=ip_address(own[:length]),
        port=big(port),
        peer=ip_address(peer[:length]),
        peer_port=big(peer_port),
        device=device,
        uid=uid,
        is_ipv6_only=bool(native(attributes(payload[_MESSAGE.size :]).get(_SKV6ONLY))),
    )


def plain_address(address: Address) -> Address:
    """An IPv4 address that a socket of IPv6 has as ::ffff:0:0/96 (RFC 4291 §2.5.5.2), as IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
