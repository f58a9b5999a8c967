"""What filters of traffic control ask of a packet: u32, flower and matchall.

source  include/uapi/linux/pkt_cls.h (struct tc_u32_sel, TCA_FLOWER_*, TCA_MATCHALL_*);
        net/sched/cls_u32.c, cls_flower.c
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Final

from edgediag.host.attributes import big

_SELECTOR: Final = struct.Struct("=BBBx2sHhh4s")
_KEY: Final = struct.Struct("=4s4sii")
_U32_LINK, _U32_DIVISOR, _U32_SELECTOR, _U32_ACTIONS, _U32_INDEV, _U32_MARK = 3, 4, 5, 7, 8, 10
_TERMINAL: Final = 1
U32: Final = "u32"
_FLOWER_INDEV, _FLOWER_ACTIONS, _MATCHALL_ACTIONS = 2, 3, 2
# By class and its like: they ask nothing.
_FLOWER_SILENT: Final = frozenset({1, _FLOWER_ACTIONS, 22, 86})


class Part(Enum):
    """Of what a key compares octets."""

    ETHERTYPE = "ethertype"
    PROTOCOL = "protocol"
    HEADERS = "headers"
    SOURCE_4 = "source of IPv4"
    DESTINATION_4 = "destination of IPv4"
    SOURCE_6 = "source of IPv6"
    DESTINATION_6 = "destination of IPv6"
    SOURCE_PORT = "source port"
    DESTINATION_PORT = "destination port"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcKey:
    """Octets that a packet must have.

    words   as tc(8) shows it
    offset  of HEADERS, from the first octet of the network header; else 0
    """

    words: str
    part: Part
    offset: int
    value: bytes
    mask: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TcRule:
    """What a filter asks, and its actions, not yet decoded; `is_link` leads to other tables."""

    keys: tuple[TcKey, ...]
    actions: bytes
    is_link: bool


# The number of an attribute: its word, part, its mask's number (0 for none) and its octets.
_FLOWER: Final = {
    8: ("eth_type", Part.ETHERTYPE, 0, 2),
    9: ("ip_proto", Part.PROTOCOL, 0, 1),
    10: ("src_ip", Part.SOURCE_4, 11, 4),
    12: ("dst_ip", Part.DESTINATION_4, 13, 4),
    14: ("src_ip", Part.SOURCE_6, 15, 16),
    16: ("dst_ip", Part.DESTINATION_6, 17, 16),
    18: ("src_port", Part.SOURCE_PORT, 35, 2),
    19: ("dst_port", Part.DESTINATION_PORT, 36, 2),
    20: ("src_port", Part.SOURCE_PORT, 37, 2),
    21: ("dst_port", Part.DESTINATION_PORT, 38, 2),
}
_FLOWER_MASKS: Final = frozenset(mask for _, _, mask, _ in _FLOWER.values() if mask)


def is_table(kind: str, options: dict[int, bytes]) -> bool:
    """Whether what is listed as a filter is a table of u32, which asks nothing."""
    return kind == U32 and _U32_DIVISOR in options and _U32_SELECTOR not in options


def decode_rule(kind: str, options: dict[int, bytes]) -> TcRule | None:
    """What a filter asks, None for a kind that is not read, or one that cannot be."""
    match kind:
        case "u32":
            return _u32(options)
        case "flower":
            keys = tuple(_flower_keys(options))
            return TcRule(keys=keys, actions=options.get(_FLOWER_ACTIONS, b""), is_link=False)
        case "matchall":
            actions = options.get(_MATCHALL_ACTIONS, b"")
            return TcRule(keys=(), actions=actions, is_link=False)
        case _:
            return None


def _u32(options: dict[int, bytes]) -> TcRule | None:
    selector = options.get(_U32_SELECTOR, b"")
    if len(selector) < _SELECTOR.size:
        return None
    flags, _, count, *_ = _SELECTOR.unpack_from(selector)
    if len(selector) < _SELECTOR.size + count * _KEY.size:
        return None
    keys = [_u32_key(selector, _SELECTOR.size + at * _KEY.size) for at in range(count)]
    keys += [_other(word) for type_, word in _U32_OTHERS.items() if options.get(type_)]
    is_link = _U32_LINK in options or not flags & _TERMINAL
    return TcRule(keys=tuple(keys), actions=options.get(_U32_ACTIONS, b""), is_link=is_link)


_U32_OTHERS: Final = {_U32_INDEV: "input device", _U32_MARK: "mark"}


def _u32_key(selector: bytes, at: int) -> TcKey:
    mask, value, offset, moving = _KEY.unpack_from(selector, at)
    words = f"match {value.hex()}/{mask.hex()} at {'nexthdr+' * bool(moving)}{offset}"
    if moving or offset < 0:
        return _other(words)
    return TcKey(words=words, part=Part.HEADERS, offset=offset, value=value, mask=mask)


def _flower_keys(options: dict[int, bytes]) -> Iterator[TcKey]:
    for type_, value in options.items():
        if type_ in _FLOWER_SILENT or type_ in _FLOWER_MASKS:
            continue
        word, part, mask, length = _FLOWER.get(type_, ("", Part.OTHER, 0, 0))
        if not length or len(value) != length:
            yield _other("indev" if type_ == _FLOWER_INDEV else f"key {type_}")
            continue
        bits = options.get(mask, b"") if mask else b""
        bits = bits if len(bits) == length else b"\xff" * length
        words = f"{word} {_shown(part, value, bits)}"
        yield TcKey(words=words, part=part, offset=0, value=value, mask=bits)


def _shown(part: Part, value: bytes, mask: bytes) -> str:
    whole = not mask.strip(b"\xff")
    if len(value) in (4, 16):
        ones = int.from_bytes(mask, "big").bit_count()
        return str(ip_address(value)) + ("" if whole else f"/{ones}")
    number = f"0x{big(value):04x}" if part is Part.ETHERTYPE else str(big(value))
    return number + ("" if whole else f"/0x{big(mask):x}")


def _other(words: str) -> TcKey:
    return TcKey(words=words, part=Part.OTHER, offset=0, value=b"", mask=b"")
