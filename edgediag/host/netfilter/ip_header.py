"""What a rule of iptables-legacy asks of the network header and of the devices.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h (struct ipt_ip, IPT_INV_*) and
        netfilter_ipv6/ip6_tables.h (struct ip6t_ip6); of the words: iptables 1.8, print_ip,
        print_iface and print_proto of iptables/iptables.c
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.formats import format_value, mask_length

# Source, destination, the masks of both, incoming and outgoing device, the masks of both.
_IPV4: Final = struct.Struct("=4s4s4s4s16s16s16s16sHBB")
_IPV6: Final = struct.Struct("=16s16s16s16s16s16s16s16sHxBB3x")
# Addresses, masks, protocol and what is inverted.
_ENDS: Final = {
    "ip": struct.Struct("=4s4s4s4s64xHxB"),
    "ip6": struct.Struct("=16s16s16s16s64xHxxB"),
}
HEADER_OCTETS: Final = {"ip": _IPV4.size, "ip6": _IPV6.size}
_NOT_IN, _NOT_OUT, _NOT_SOURCE, _NOT_DESTINATION = 0x01, 0x02, 0x08, 0x10
_NOT_FRAGMENT, _NOT_PROTOCOL = 0x20, 0x40
# IPT_F_FRAG and IPT_F_GOTO; in IPv6 the bit of the goto is another, and 1 says "-p" was given.
_FRAGMENT: Final = {"ip": 1, "ip6": 0}
_GOTO: Final = {"ip": 2, "ip6": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedValue:
    """A value of which only the bits of the mask count; the rule asks for it, or for any other."""

    value: bytes
    mask: bytes
    is_negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IpHeader:
    """The rule goes on only for packets with these headers and devices; None for any.

    incoming, outgoing      the name of the device, filled up with zeros to 16 octets
    protocol                0 for every one
    is_later_fragment       only for the second and further fragments, or (negated) for the rest
    is_goto                 a jump of the rule does not come back to it
    """

    source: MaskedValue | None
    destination: MaskedValue | None
    incoming: MaskedValue | None
    outgoing: MaskedValue | None
    protocol: int
    is_protocol_negated: bool
    is_later_fragment: bool
    is_fragment_negated: bool
    is_goto: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What the header of a packet has for certain; None for an address that is not known.

    version  of IP: 4 or 6
    """

    version: int
    source: bytes | None
    destination: bytes | None
    protocol: int


def misses(family: str, octets: memoryview, offset: int, ends: Ends) -> bool:
    """Whether an entry's protocol or addresses are others than the packet's, for certain.

    Of tens of thousands of rules a packet meets, few are for it: only those need be decoded.
    """
    found = _ENDS[family].unpack_from(octets, offset)
    source, destination, source_mask, destination_mask, protocol, inverted = found
    if protocol and (protocol == ends.protocol) is bool(inverted & _NOT_PROTOCOL):
        return True
    return _is_other(
        ends.destination, (destination, destination_mask), inverted & _NOT_DESTINATION
    ) or _is_other(ends.source, (source, source_mask), inverted & _NOT_SOURCE)


def _is_other(have: bytes | None, asked: tuple[bytes, bytes], inverted: int) -> bool:
    """Whether an address is for certain not the one that is asked for, or for any other."""
    if have is None:
        return False
    value, mask = (int.from_bytes(part, "big") for part in asked)
    return (int.from_bytes(have, "big") & mask == value) is bool(inverted)


def decode_header(family: str, octets: bytes) -> IpHeader:
    """The header conditions at the front of an entry.

    octets  HEADER_OCTETS of the family
    """
    layout = _IPV4 if family == "ip" else _IPV6
    source, destination, source_mask, destination_mask, *rest = layout.unpack(octets)
    incoming, outgoing, incoming_mask, outgoing_mask, protocol, flags, inverted = rest
    return IpHeader(
        source=asked_value(source, source_mask, inverted & _NOT_SOURCE),
        destination=asked_value(destination, destination_mask, inverted & _NOT_DESTINATION),
        incoming=asked_device(incoming, incoming_mask, inverted & _NOT_IN),
        outgoing=asked_device(outgoing, outgoing_mask, inverted & _NOT_OUT),
        protocol=protocol,
        is_protocol_negated=bool(inverted & _NOT_PROTOCOL),
        is_later_fragment=bool(flags & _FRAGMENT[family]),
        is_fragment_negated=bool(inverted & _NOT_FRAGMENT),
        is_goto=bool(flags & _GOTO[family]),
    )


def header_words(header: IpHeader) -> Iterator[tuple[str, str]]:
    """Each condition as iptables-save prints it, behind its option: "-s", "! -s 10.0.0.0/8"."""
    addresses = (("-s", header.source), ("-d", header.destination))
    devices = (("-i", header.incoming), ("-o", header.outgoing))
    for option, asked in addresses:
        if asked is not None:
            yield option, f"{'! ' * asked.is_negated}{option} {_network(asked)}"
    for option, asked in devices:
        if asked is not None:
            yield option, f"{'! ' * asked.is_negated}{option} {device_name(asked)}"
    if header.protocol:
        number = header.protocol.to_bytes(2, "big")
        negation = "! " * header.is_protocol_negated
        yield "-p", f"{negation}-p {format_value('protocol', number)}"
    if header.is_later_fragment:
        yield "-f", f"{'! ' * header.is_fragment_negated}-f"


def asked_value(value: bytes, mask: bytes, negated: int) -> MaskedValue | None:
    """A condition of an entry on a field, None where it asks for nothing."""
    if not any(mask) and not any(value) and not negated:
        return None
    return MaskedValue(value=value, mask=mask, is_negated=bool(negated))


def asked_device(name: bytes, mask: bytes, negated: int) -> MaskedValue | None:
    """The same of a device.

    The tools leave the "+" of a wildcard in the name, behind the mask; nobody looks at it.
    """
    if not any(mask) and not negated:
        return None
    value = bytes(octet & bits for octet, bits in zip(name, mask))
    return MaskedValue(value=value, mask=mask, is_negated=bool(negated))


def device_name(asked: MaskedValue) -> str:
    """The name; with "+" where the mask leaves its end open."""
    shown = text(asked.value)
    return shown if b"\0" in asked.value[: len(asked.mask.rstrip(b"\0"))] else f"{shown}+"


def _network(asked: MaskedValue) -> str:
    length = mask_length(asked.mask)
    mask = format_value("address", asked.mask) if length is None else str(length)
    return f"{format_value('address', asked.value)}/{mask}"
