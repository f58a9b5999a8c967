"""UDP sockets of a network namespace by their inodes, which lead to the processes that hold them.

source  proc_net_udp(5); net/ipv4/udp.c udp4_format_sock; net/ipv6/datagram.c
        __ip6_dgram_sock_seq_show
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from edgediag.host.attributes import NATIVE
from edgediag.model.flow import Address

# Local address and port in hexadecimal, then the inode; "sl" heads the line of titles.
_LOCAL, _INODE = 1, 9
_WORD_OCTETS: Final = 4
_DIGITS: Final[Mapping[int, Callable[[bytes], Address]]] = {8: IPv4Address, 32: IPv6Address}


class UdpSocket(NamedTuple):
    """A socket, or both families of one that takes both."""

    address: Address
    port: int
    inode: str


def decode_sockets(text: str) -> tuple[UdpSocket, ...]:
    """The sockets of a table in its order; lines that are cut off are left out."""
    decoded = (_socket(line.split()) for line in text.splitlines())
    return tuple(item for item in decoded if item is not None)


def _socket(columns: list[str]) -> UdpSocket | None:
    if len(columns) <= _INODE or not columns[_INODE].isdigit():
        return None
    digits, _, port = columns[_LOCAL].partition(":")
    kind = _DIGITS.get(len(digits))
    if kind is None:
        return None
    try:
        octets, number = bytes.fromhex(digits), int(port, 16)
    except ValueError:
        return None
    words = (octets[at : at + _WORD_OCTETS] for at in range(0, len(octets), _WORD_OCTETS))
    # Each word of an address is printed as this machine reads it.
    in_order = b"".join(word[::-1] if NATIVE == "little" else word for word in words)
    return UdpSocket(address=kind(in_order), port=number & 0xFFFF, inode=columns[_INODE])
