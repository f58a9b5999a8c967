"""ARP for IPv4 over Ethernet: the question who has an address, and the answer.

source  RFC 826; RFC 5227 §1.1, ARP Probe
"""

import struct
from ipaddress import IPv4Address
from typing import Final

ETHERTYPE_ARP: Final = 0x0806

_ETHERTYPE_IPV4: Final = 0x0800
_ETHERNET: Final = 1
_REQUEST: Final = 1
_REPLY: Final = 2
_BROADCAST: Final = b"\xff" * 6

_HEADER: Final = struct.Struct("!6s6sH")
_PACKET: Final = struct.Struct("!HHBBH6s4s6s4s")


def encode_request(source_mac: bytes, answer_mac: bytes, address: IPv4Address) -> bytes:
    """A frame that asks everybody on the link who has an address.

    The sender's address is left zero (RFC 5227 §1.1), so that nobody learns anything by it.

    source_mac  of the device
    answer_mac  where the answers shall go
    """
    header = _HEADER.pack(_BROADCAST, source_mac, ETHERTYPE_ARP)
    fields = (_ETHERNET, _ETHERTYPE_IPV4, 6, 4, _REQUEST)
    return header + _PACKET.pack(*fields, answer_mac, bytes(4), bytes(6), address.packed)


def decode_reply(frame: bytes) -> tuple[IPv4Address, str] | None:
    """Who says that he has which address, None for anything but an answer."""
    if len(frame) < _HEADER.size + _PACKET.size:
        return None
    _, _, ethertype = _HEADER.unpack_from(frame)
    *fields, mac, address, _, _ = _PACKET.unpack_from(frame, _HEADER.size)
    is_reply = fields == [_ETHERNET, _ETHERTYPE_IPV4, 6, 4, _REPLY]
    if ethertype != ETHERTYPE_ARP or not is_reply:
        return None
    return IPv4Address(address), mac.hex(":")
