"""An IPv4 packet in pieces, as a router with a smaller MTU would cut it (RFC 791 §3.2)."""

import struct
from typing import Final

from edgediag.wire.network import IPV4_HEADER_OCTETS

# RFC 791 §3.1: where total length, flags with offset, and the checksum lie; offsets count eights.
_TOTAL_LENGTH_AT: Final = 2
_FRAGMENT_AT: Final = 6
_CHECKSUM_AT: Final = 10
_MORE_FRAGMENTS: Final = 0x2000
_OFFSET_UNIT: Final = 8


def fragments(octets: bytes, most_octets: int) -> tuple[bytes, ...]:
    """The pieces of a packet without options, none of them longer; the first carries the ports.

    octets       a whole IPv4 packet; its "do not fragment" is taken back
    most_octets  of a piece, header included; at least a header and eight octets
    """
    header, body = octets[:IPV4_HEADER_OCTETS], octets[IPV4_HEADER_OCTETS:]
    step = (most_octets - IPV4_HEADER_OCTETS) // _OFFSET_UNIT * _OFFSET_UNIT
    return tuple(
        _piece(header, body[at : at + step], at // _OFFSET_UNIT, is_last=at + step >= len(body))
        for at in range(0, len(body), step)
    )


def _piece(header: bytes, body: bytes, offset: int, *, is_last: bool) -> bytes:
    fields = bytearray(header)
    struct.pack_into("!H", fields, _TOTAL_LENGTH_AT, len(header) + len(body))
    struct.pack_into("!H", fields, _FRAGMENT_AT, offset | (0 if is_last else _MORE_FRAGMENTS))
    struct.pack_into("!H", fields, _CHECKSUM_AT, 0)
    struct.pack_into("!H", fields, _CHECKSUM_AT, _checksum(bytes(fields)))
    return bytes(fields) + body


def _checksum(header: bytes) -> int:
    """The ones' complement of the ones' complement sum of all 16-bit words (RFC 791 §3.1)."""
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
