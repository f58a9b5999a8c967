"""Addresses that mean something in one network alone: of a site, of a carrier, of a VPC."""

from ipaddress import ip_network
from typing import Final

from edgediag.model.flow import Address

# RFC 1918 §3; RFC 6598 §7, shared by carriers, and by Alibaba Cloud for what only a VPC reaches;
# RFC 4193 §3.1. Not `is_private`: that counts networks for documentation among them.
_INSIDE: Final = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)


def is_inside(address: Address) -> bool:
    """True for addresses that the public network does not carry."""
    return any(address in network for network in _INSIDE if network.version == address.version)


def is_on_link(address: Address) -> bool:
    """True for an address at which only this node or its link, or everybody, would be asked."""
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    )
