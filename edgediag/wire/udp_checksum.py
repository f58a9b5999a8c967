"""The checksum of a UDP datagram, as it stands on the wire."""

import struct
from typing import Final

from edgediag.model.packet import UdpChecksum
from edgediag.wire.assigned_numbers import UDP_NUMBER
from edgediag.wire.network import NetworkHeader

# RFC 768: ports, length and checksum of two octets each.
_LENGTH_AT: Final = 4
_CHECKSUM_AT: Final = 6

# What the sum over a datagram comes to whose checksum is right (RFC 1071 §1).
_ALL_ONES: Final = 0xFFFF


def checksum_of(body: bytes, header: NetworkHeader) -> UdpChecksum:
    """What the checksum is worth.

    body    from the first octet of the UDP header, eight octets at least
    source  RFC 768; RFC 8200 §8.1 (the pseudo header of IPv6 gives the same sum); Linux leaves
            ~csum_tcpudp_magic() to a device that is to finish it (include/linux/skbuff.h)
    """
    length, written = (
        int.from_bytes(body[at : at + 2], "big") for at in (_LENGTH_AT, _CHECKSUM_AT)
    )
    if not written:
        return UdpChecksum.NONE
    if len(body) < length:
        return UdpChecksum.UNKNOWN
    ends = header.source.packed + header.destination.packed
    pseudo = _sum(ends + struct.pack("!HH", UDP_NUMBER, length))
    if _folded(pseudo + _sum(body[:length])) == _ALL_ONES:
        return UdpChecksum.RIGHT
    return UdpChecksum.PARTIAL if written == _folded(pseudo) else UdpChecksum.WRONG


def _sum(octets: bytes) -> int:
    padded = octets + bytes(len(octets) % 2)
    return sum(struct.unpack(f"!{len(padded) // 2}H", padded))


def _folded(total: int) -> int:
    while total > _ALL_ONES:
        total = (total & _ALL_ONES) + (total >> 16)
    return total
