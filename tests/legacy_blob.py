"""The blob of an iptables-legacy table, made by hand (IPv4)."""

import struct
from ipaddress import ip_address

_ENTRY_OCTETS = 112
HEAD_OCTETS = _ENTRY_OCTETS + 64
"""Of the entry that names a chain."""


def part(name: str, data: bytes, *, revision: int = 0) -> bytes:
    """A match or a target."""
    return struct.pack("=H29sB", 32 + len(data), name.encode(), revision) + data


def verdict(number: int) -> bytes:
    """The standard target."""
    return part("", struct.pack("=i4x", number))


def header(
    *,
    source: str = "0.0.0.0/0.0.0.0",
    destination: str = "0.0.0.0/0.0.0.0",
    incoming: str = "",
    outgoing: str = "",
    protocol: int = 0,
    flags: int = 0,
    inverted: int = 0,
) -> bytes:
    """struct ipt_ip; addresses with their masks, devices as with iptables."""
    given = [*source.split("/"), *destination.split("/")]
    addresses = [ip_address(address).packed for address in given]
    masks = [_device_mask(name) for name in (incoming, outgoing)]
    return struct.pack(
        "=4s4s4s4s16s16s16s16sHBB",
        *(addresses[place] for place in (0, 2, 1, 3)),
        *(name.encode() for name in (incoming, outgoing)),
        *masks,
        protocol,
        flags,
        inverted,
    )


def entry(
    target: bytes, *, head: bytes = bytes(84), matches: bytes = b"", packets: int = 0
) -> bytes:
    """struct ipt_entry with what belongs to it."""
    begin = _ENTRY_OCTETS + len(matches)
    sizes = struct.pack("=IHHI QQ", 0, begin, begin + len(target), 0, packets, 0)
    return head + sizes + matches + target


def chain_head(name: str) -> bytes:
    """The entry before the first rule of a chain of the user's own."""
    return entry(part("ERROR", name.encode().ljust(32, b"\0")))


def _device_mask(name: str) -> bytes:
    # A name is compared with its NUL; the "+" of a wildcard is not.
    octets = len(name) - 1 if name.endswith("+") else len(name) + 1 if name else 0
    return b"\xff" * octets + bytes(16 - octets)
