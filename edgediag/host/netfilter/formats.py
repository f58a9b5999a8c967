"""Values of a rule in the words of nft(8); each comes in network byte order, of any length."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter import symbols

Format = Callable[[bytes], str]

BIT_KINDS: Final[Mapping[str, Mapping[int, str]]] = {
    "ct-state": symbols.CT_STATES,
    "ct-status": symbols.CT_STATUSES,
    "tcp-flags": symbols.TCP_FLAGS,
}
_SYMBOL_KINDS: Final[Mapping[str, Mapping[int, str]]] = {
    "protocol": symbols.PROTOCOLS,
    "nf-protocol": symbols.NF_PROTOCOLS,
    "ether-type": symbols.ETHER_TYPES,
    "arp-operation": symbols.ARP_OPERATIONS,
    "device-type": symbols.DEVICE_TYPES,
    "packet-type": symbols.PACKET_TYPES,
    "direction": symbols.DIRECTIONS,
    "icmp-type": symbols.ICMP_TYPES,
    "icmpv6-type": symbols.ICMPV6_TYPES,
    "address-type": symbols.ADDRESS_TYPES,
    "dscp": symbols.DSCP,
    "day": symbols.DAYS,
    "existence": {0: "missing", 1: "exists"},
}


def format_value(kind: str, value: bytes) -> str:
    """A whole value of a kind."""
    return FORMATS.get(kind, _raw)(value)


def format_prefix(kind: str, value: bytes, length: int) -> str:
    """A network address and its length in bits; without the length where it is whole."""
    words = format_value(kind, value)
    return words if length == 8 * len(value) else f"{words}/{length}"


def format_range(kind: str, first: bytes, last: bytes) -> str:
    """Two values, both inclusive: as one, as a network where that is what they span, or both."""
    if first == last:
        return format_value(kind, first)
    length = prefix_length(first, last)
    if kind == "address" and length is not None:
        return format_prefix(kind, first, length)
    return f"{format_value(kind, first)}-{format_value(kind, last)}"


def prefix_length(first: bytes, last: bytes) -> int | None:
    """The bits that first and last share, if the rest are all 0 and all 1; else None."""
    low, high = int.from_bytes(first, "big"), int.from_bytes(last, "big")
    size = (low ^ high).bit_length()
    spans = low ^ high == (1 << size) - 1 and low & (low ^ high) == 0
    return 8 * len(first) - size if spans and low <= high else None


def mask_length(mask: bytes) -> int | None:
    """The bits of a network mask, or None where its ones are not all in front."""
    inverted = int.from_bytes(bytes(octet ^ 0xFF for octet in mask), "big")
    return 8 * len(mask) - inverted.bit_length() if inverted & (inverted + 1) == 0 else None


def _number(value: bytes) -> str:
    return str(int.from_bytes(value, "big"))


def _raw(value: bytes) -> str:
    return f"0x{int.from_bytes(value, 'big'):x}"


def _mark(value: bytes) -> str:
    return f"0x{int.from_bytes(value, 'big'):08x}"


def _traffic_class(value: bytes) -> str:
    number = int.from_bytes(value, "big")
    return f"{number >> 16:x}:{number & 0xFFFF:x}"


def _address(value: bytes) -> str:
    # A rule on ct saddr carries the bare address of either family.
    return str(ip_address(value)) if len(value) in (4, 16) else _raw(value)


def _mac(value: bytes) -> str:
    return ":".join(f"{octet:02x}" for octet in value)


def _name(value: bytes) -> str:
    # nft compares the whole buffer, NUL included, unless the name ends in a wildcard.
    return f'"{text(value)}"' if b"\0" in value or len(value) >= 16 else f'"{text(value)}*"'


def _symbols(names: Mapping[int, str]) -> Format:
    def write(value: bytes) -> str:
        number = int.from_bytes(value, "big")
        return names.get(number, str(number))

    return write


def _bits(names: Mapping[int, str]) -> Format:
    def write(value: bytes) -> str:
        number = int.from_bytes(value, "big")
        rest = number & ~sum(names)
        words = [name for bit, name in names.items() if number & bit]
        return ",".join([*words, *([f"0x{rest:x}"] if rest or not number else [])])

    return write


FORMATS: Final[Mapping[str, Format]] = {
    "number": _number,
    "interface": _number,
    "raw": _raw,
    "mark": _mark,
    "class": _traffic_class,
    "address": _address,
    "mac": _mac,
    "name": _name,
    **{kind: _symbols(names) for kind, names in _SYMBOL_KINDS.items()},
    **{kind: _bits(names) for kind, names in BIT_KINDS.items()},
}
