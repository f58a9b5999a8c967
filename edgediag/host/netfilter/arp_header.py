"""What a rule of arptables-legacy asks of a message of ARP and of the devices.

source  include/uapi/linux/netfilter_arp/arp_tables.h (struct arpt_arp, ARPT_INV_*); of the words:
        arptables 0.0.5, print_firewall of arptables.c
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edgediag.host.netfilter.formats import format_prefix, format_value, mask_length
from edgediag.host.netfilter.ip_header import MaskedValue, asked_device, asked_value, device_name

# Addresses and their masks; the length of a MAC; both MACs; operation, hardware and protocol, each
# with its mask; devices and their masks; what is inverted. A field that no octets of the message
# fill up is all mask 0.
_LAYOUT: Final = struct.Struct("=4s4s4s4s1s1s16s16s16s16s2s2s2s2s2s2s16s16s16s16sBxH2x")
ARP_HEADER_OCTETS: Final = _LAYOUT.size
MAC_OCTETS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ArpHeader:
    """The rule goes on only for messages with these fields and devices; None for any.

    incoming, outgoing      the name of the device, filled up with zeros to 16 octets
    sender_mac, target_mac  of Ethernet: of the 16 octets that they may have, the first 6
    """

    incoming: MaskedValue | None
    outgoing: MaskedValue | None
    sender: MaskedValue | None
    sender_mac: MaskedValue | None
    target: MaskedValue | None
    target_mac: MaskedValue | None
    mac_length: MaskedValue | None
    operation: MaskedValue | None
    hardware: MaskedValue | None
    protocol: MaskedValue | None


def decode_arp_header(octets: bytes) -> ArpHeader:
    """The header conditions at the front of an entry.

    octets  ARP_HEADER_OCTETS of them
    """
    *fields, _, inverted = _LAYOUT.unpack(octets)
    sender, target, sender_mask, target_mask, length, length_mask, *fields = fields
    sender_mac, sender_mac_mask, target_mac, target_mac_mask, *fields = fields
    operation, operation_mask, hardware, hardware_mask, protocol, protocol_mask, *fields = fields
    incoming, outgoing, incoming_mask, outgoing_mask = fields

    def asked(value: bytes, mask: bytes, bit: int) -> MaskedValue | None:
        return asked_value(value, mask, inverted & bit)

    return ArpHeader(
        incoming=asked_device(incoming, incoming_mask, inverted & 0x001),
        outgoing=asked_device(outgoing, outgoing_mask, inverted & 0x002),
        sender=asked(sender, sender_mask, 0x004),
        sender_mac=_asked_mac(sender_mac, sender_mac_mask, inverted & 0x010),
        target=asked(target, target_mask, 0x008),
        target_mac=_asked_mac(target_mac, target_mac_mask, inverted & 0x020),
        mac_length=asked(length, length_mask, 0x200),
        operation=asked(operation, operation_mask, 0x040),
        hardware=asked(hardware, hardware_mask, 0x080),
        protocol=asked(protocol, protocol_mask, 0x100),
    )


def arp_header_words(header: ArpHeader) -> Iterator[str]:
    """Each condition as arptables-save prints it: "-s 192.0.2.1", "! --opcode 2"."""
    for option, write, asked in (
        ("-i", device_name, header.incoming),
        ("-o", device_name, header.outgoing),
        ("-s", _network, header.sender),
        ("--src-mac", _mac, header.sender_mac),
        ("-d", _network, header.target),
        ("--dst-mac", _mac, header.target_mac),
        ("--h-length", _decimal, header.mac_length),
        ("--opcode", _decimal, header.operation),
        ("--h-type", _decimal, header.hardware),
        ("--proto-type", _hexadecimal, header.protocol),
    ):
        if asked is not None:
            yield f"{'! ' * asked.is_negated}{option} {write(asked)}"


def _asked_mac(value: bytes, mask: bytes, negated: int) -> MaskedValue | None:
    """A condition on a MAC: the kernel looks at no bit beyond its mask, on both sides."""
    mask = mask[:MAC_OCTETS]
    return asked_value(bytes(octet & bits for octet, bits in zip(value, mask)), mask, negated)


def _network(asked: MaskedValue) -> str:
    length = mask_length(asked.mask)
    if length is not None:
        return format_prefix("address", asked.value, length)
    return f"{format_value('address', asked.value)}/{format_value('address', asked.mask)}"


def _mac(asked: MaskedValue) -> str:
    whole = asked.value.hex(":")
    return whole if asked.mask == b"\xff" * MAC_OCTETS else f"{whole}/{asked.mask.hex(':')}"


def _decimal(asked: MaskedValue) -> str:
    return _number(asked, "d", "")


def _hexadecimal(asked: MaskedValue) -> str:
    return _number(asked, "x", "0x")


def _number(asked: MaskedValue, form: str, prefix: str) -> str:
    value, mask = (int.from_bytes(octets, "big") for octets in (asked.value, asked.mask))
    is_whole = mask == (1 << 8 * len(asked.mask)) - 1
    return f"{prefix}{value:{form}}" if is_whole else f"{prefix}{value:{form}}/{mask:{form}}"
