"""What the options of a match or target are put together from, as iptables-save prints them.

A decoder reads a `Blob` and gives the options, "" for none, or None where it does not know the
struct; octets that are missing raise struct.error, which `words` takes for "not read".
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, TypeAlias

from edgediag.host.attributes import text

_PLAIN: Final = frozenset("_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ADDRESS_OCTETS: Final = {"ip": 4, "ip6": 16}
ALL_PORTS: Final = (0, 0xFFFF)
WHOLE: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A struct of iptables and what it is read by.

    family     "ip" or "ip6": addresses are as long as that
    set_names  of the kernel's ipsets, by their index
    """

    octets: bytes
    revision: int
    family: str
    set_names: Mapping[int, str]

    def numbers(self, layout: struct.Struct, start: int = 0) -> tuple[Any, ...]:
        """The fields of a layout; what they are is said where they are named."""
        return layout.unpack_from(self.octets, start)

    def address(self, start: int) -> IPv4Address | IPv6Address:
        """The address in a union nf_inet_addr."""
        length = _ADDRESS_OCTETS.get(self.family, 4)
        octets = self.octets[start : start + length]
        if len(octets) < length:
            raise struct.error("too short for an address")
        return IPv4Address(octets) if length == 4 else IPv6Address(octets)


Decode: TypeAlias = Callable[[Blob], str | None]
Decoders: TypeAlias = Mapping[tuple[str, int], Decode]


def joined(parts: Iterable[str]) -> str:
    """Options one behind the other; those that are not set are "" and leave no gap."""
    return " ".join(part for part in parts if part)


def option(name: str, value: object, inverted: object = 0) -> str:
    """One option, with "! " before it where it is inverted."""
    return f"{'! ' * bool(inverted)}{name} {value}".rstrip()


def flagged(flags: int, names: Mapping[int, str]) -> list[str]:
    """The names of the bits that are set, in the order of the table."""
    return [name for bit, name in names.items() if flags & bit]


def chosen(names: Sequence[str], number: int) -> str:
    """The name of a number, or the number itself where a newer kernel knows more."""
    return names[number] if 0 <= number < len(names) else str(number)


def quoted(words: str) -> str:
    """A text as iptables-save prints it: bare where it needs no quotes."""
    if words and set(words) <= _PLAIN:
        return words
    escaped = "".join(f"\\{letter}" if letter in "\"\\'" else letter for letter in words)
    return f'"{escaped}"'


def named(octets: bytes) -> str:
    """A text of the struct, quoted where it has to be."""
    return quoted(text(octets))


def span(first: object, last: object, sign: str = ":") -> str:
    """A value, or a range of values."""
    return str(first) if first == last else f"{first}{sign}{last}"


def port_words(name: str, first: int, last: int, *, is_negated: bool) -> str:
    """A port or a range of ports."""
    return option(name, span(first, last), is_negated)


def asked_ports(name: str, bounds: tuple[int, int], inverted: int) -> str:
    """A condition on a port, "" where every port is meant."""
    if bounds == ALL_PORTS and not inverted:
        return ""
    return port_words(name, *bounds, is_negated=bool(inverted))


def masked(number: int, mask: int) -> str:
    """A number in hexadecimal, with its mask where that leaves bits out."""
    return f"0x{number:x}" if mask == WHOLE else f"0x{number:x}/0x{mask:x}"


def prefix(mask: IPv4Address | IPv6Address) -> str:
    """The mask behind an address: "" for a single one, its length, or itself with gaps."""
    width = mask.max_prefixlen
    ones = int(mask).bit_count()
    if int(mask) != (2**ones - 1) << (width - ones):
        return f"/{mask}"
    return "" if ones == width else f"/{ones}"
