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


def arp_header(**given: tuple[bytes, bytes]) -> bytes:
    """struct arpt_arp: of each field its value and its mask; `inverted` is a number of two octets.

    sender, target, mac_length, sender_mac, target_mac, operation, hardware, protocol, incoming,
    outgoing
    """
    layout = (
        ("sender", 4, 0), ("target", 4, 0), ("sender", 4, 1), ("target", 4, 1),
        ("mac_length", 1, 0), ("mac_length", 1, 1),
        ("sender_mac", 16, 0), ("sender_mac", 16, 1), ("target_mac", 16, 0), ("target_mac", 16, 1),
        ("operation", 2, 0), ("operation", 2, 1), ("hardware", 2, 0), ("hardware", 2, 1),
        ("protocol", 2, 0), ("protocol", 2, 1),
        ("incoming", 16, 0), ("outgoing", 16, 0), ("incoming", 16, 1), ("outgoing", 16, 1),
    )  # fmt: skip
    empty = (b"", b"")
    octets = b"".join(given.get(name, empty)[at].ljust(size, b"\0") for name, size, at in layout)
    return octets + bytes(2) + given.get("inverted", empty)[0].ljust(2, b"\0") + bytes(2)


def arp_entry(target: bytes, *, head: bytes | None = None, packets: int = 0) -> bytes:
    """struct arpt_entry with its target."""
    sizes = struct.pack("=HHI4x QQ", 192, 192 + len(target), 0, packets, 0)
    return (arp_header() if head is None else head) + sizes + target
