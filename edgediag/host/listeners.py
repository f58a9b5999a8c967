"""Which addresses a socket takes packets for."""

from ipaddress import IPv4Address, IPv6Address

from edgediag.host.inet_sockets import InetSocket, plain_address
from edgediag.model.flow import Address, Protocol
from edgediag.model.listener import Listener


def listeners_of(socket: InetSocket, protocol: Protocol) -> tuple[Listener, ...]:
    """One; two where an IPv6 socket takes IPv4 as well, none where it has no port yet."""
    if not socket.port:
        return ()
    return tuple(
        Listener(protocol=protocol, address=address, port=socket.port, uid=socket.uid)
        for address in _taken(socket.address, socket.is_ipv6_only)
    )


def _taken(bound: Address, is_ipv6_only: bool) -> tuple[Address, ...]:
    if isinstance(bound, IPv6Address) and bound.is_unspecified and not is_ipv6_only:
        return (bound, IPv4Address(0))
    return (plain_address(bound),)
