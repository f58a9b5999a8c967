"""The numbers that say what an IP header is found behind, and what follows it."""

from typing import Final

# IANA "Assigned Internet Protocol Numbers".
ICMP_NUMBER: Final = 1
TCP_NUMBER: Final = 6
UDP_NUMBER: Final = 17
ICMPV6_NUMBER: Final = 58

# IANA "IEEE 802 Numbers", EtherTypes.
ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_IPV6: Final = 0x86DD
ETHERTYPES_VLAN: Final = frozenset({0x8100, 0x88A8})
