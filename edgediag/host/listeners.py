"""Sockets that take what arrives on a port (sock_diag(7); include/uapi/linux/inet_diag.h)."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from edgediag.host.dumped import Dumped, address, number
from edgediag.model.flow import Address, Protocol
from edgediag.model.host import Listener

TCP_LISTEN: Final = 10
UDP_UNCONNECTED: Final = 7


def decode_listener(message: Dumped, protocol: Protocol) -> tuple[Listener, ...]:
    """The listener of one socket; two where an IPv6 socket takes IPv4 as well, none for others."""
    bound, port = address(message, "idiag_src"), number(message, "idiag_sport")
    if bound is None or not port:
        return ()
    uid = number(message, "idiag_uid")
    is_ipv6_only = bool(number(message, "INET_DIAG_SKV6ONLY"))
    return tuple(
        Listener(protocol=protocol, address=taken, port=port, uid=uid)
        for taken in _taken(bound, is_ipv6_only)
    )


def _taken(bound: Address, is_ipv6_only: bool) -> tuple[Address, ...]:
    if isinstance(bound, IPv6Address):
        if bound.ipv4_mapped is not None:
            return (bound.ipv4_mapped,)
        if bound.is_unspecified and not is_ipv6_only:
            return (bound, IPv4Address(0))
    return (bound,)
