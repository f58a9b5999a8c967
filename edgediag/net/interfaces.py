"""What the report says of the node itself: its name, its kernel and its addresses.

This costs a millisecond, where a netlink library costs two hundred before its first answer.
"""

import os
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

import netifaces

from edgediag.model.flow import Address


class Identity(NamedTuple):
    """The names a node goes by, from uname(2)."""

    hostname: str
    kernel: str


def identity() -> Identity:
    """The node's host name and its kernel's release."""
    name = os.uname()
    return Identity(hostname=name.nodename, kernel=name.release)


def own_addresses() -> tuple[Address, ...]:
    """This node's addresses, IPv4 first, ascending; neither loopback nor link-local ones."""
    found = {
        address
        for interface in netifaces.interfaces()
        for entry in _entries(interface)
        if (address := _address(entry)) is not None
    }
    return tuple(sorted(found, key=lambda address: (address.version, int(address))))


def _entries(interface: str) -> list[dict[str, str]]:
    try:
        families = netifaces.ifaddresses(interface)
    except ValueError:
        # It vanished since the interfaces were listed, as those of pods do.
        return []
    return [*families.get(netifaces.AF_INET, []), *families.get(netifaces.AF_INET6, [])]


def _address(entry: dict[str, str]) -> Address | None:
    # An IPv6 address of link scope comes as "fe80::1%eth0".
    text, _, _ = entry.get("addr", "").partition("%")
    if not text:
        return None
    address = ip_address(text)
    if address.is_loopback or (isinstance(address, IPv6Address) and address.is_link_local):
        return None
    return address
