"""Which addresses are taken to lie behind the same last router."""

from typing import Final

from edgediag.model.flow import Address

# Hosts whose addresses share so many bits are taken to lie behind the same last router.
_NETWORK_BITS: Final = {4: 24, 6: 64}


def is_same_network(one: Address, other: Address) -> bool:
    """True if two addresses are near enough to be taken for neighbours."""
    return one.version == other.version and network_of(one) == network_of(other)


def network_of(address: Address) -> int:
    """The bits that neighbours share."""
    return int(address) >> address.max_prefixlen - _NETWORK_BITS[address.version]
