"""A packet in pieces: of IPv4 as a router would cut it, of IPv6 as its sender does."""

import struct
from typing import Final
from zlib import crc32

from edgediag.wire import ipv6_fragment
from edgediag.wire.network import IPV4_HEADER_OCTETS, IPV6_HEADER_OCTETS

# RFC 791 §3.1: where total length, flags with offset, and the checksum lie; offsets count eights.
_TOTAL_LENGTH_AT: Final = 2
_FRAGMENT_AT: Final = 6
_CHECKSUM_AT: Final = 10
_MORE_FRAGMENTS: Final = 0x2000
_OFFSET_UNIT: Final = 8

# RFC 8200 §3: payload length and next header; §4.5: next header, offset with flags, identification.
_PAYLOAD_LENGTH_AT: Final = 4
_NEXT_HEADER_AT: Final = 6
_FRAGMENT_6: Final = struct.Struct("!BxHI")


def fragments(octets: bytes, most_octets: int) -> tuple[bytes, ...]:
    """The pieces of a packet without options, none of them longer; the first carries the ports.

    octets       a whole packet; "do not fragment" of IPv4 is taken back
    most_octets  of a piece, headers included; at least these and eight octets
    source       RFC 791 §3.2, RFC 8200 §4.5
    """
    is_ipv6 = octets[0] >> 4 == 6
    header_octets = IPV6_HEADER_OCTETS if is_ipv6 else IPV4_HEADER_OCTETS
    header, body = octets[:header_octets], octets[header_octets:]
    added = ipv6_fragment.OCTETS if is_ipv6 else 0
    step = (most_octets - header_octets - added) // _OFFSET_UNIT * _OFFSET_UNIT
    cut = _piece_6 if is_ipv6 else _piece
    return tuple(
        cut(header, body, range(at, min(at + step, len(body)))) for at in range(0, len(body), step)
    )


def _piece(header: bytes, body: bytes, part: range) -> bytes:
    """The octets of the body at these places, behind the packet's header made theirs."""
    is_last = part.stop == len(body)
    fields = bytearray(header)
    struct.pack_into("!H", fields, _TOTAL_LENGTH_AT, len(header) + len(part))
    offset = part.start // _OFFSET_UNIT
    struct.pack_into("!H", fields, _FRAGMENT_AT, offset | (0 if is_last else _MORE_FRAGMENTS))
    struct.pack_into("!H", fields, _CHECKSUM_AT, 0)
    struct.pack_into("!H", fields, _CHECKSUM_AT, _checksum(bytes(fields)))
    return bytes(fields) + body[part.start : part.stop]


def _piece_6(header: bytes, body: bytes, part: range) -> bytes:
    fields = bytearray(header)
    struct.pack_into("!H", fields, _PAYLOAD_LENGTH_AT, ipv6_fragment.OCTETS + len(part))
    fields[_NEXT_HEADER_AT] = ipv6_fragment.NUMBER
    # Offsets count eights, so that their lower three bits are free: the last says "more follow".
    place = part.start | (part.stop < len(body))
    # Pieces of one packet have one number, and no other packet of these minutes has it.
    behind = _FRAGMENT_6.pack(header[_NEXT_HEADER_AT], place, crc32(body))
    return bytes(fields) + behind + body[part.start : part.stop]


def _checksum(header: bytes) -> int:
    """The ones' complement of the ones' complement sum of all 16-bit words (RFC 791 §3.1)."""
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
