"""The words nft(8) has for numbers, as far as rules that decide a packet's fate use them."""

from collections.abc import Mapping
from typing import Final

# IANA "Assigned Internet Protocol Numbers".
PROTOCOLS: Final[Mapping[int, str]] = {
    0: "ip",
    1: "icmp",
    2: "igmp",
    4: "ipencap",
    6: "tcp",
    17: "udp",
    33: "dccp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    89: "ospf",
    103: "pim",
    108: "ipcomp",
    112: "vrrp",
    115: "l2tp",
    132: "sctp",
    136: "udplite",
}

# IANA "Internet Control Message Protocol (ICMP) Parameters" and "(ICMPv6) Parameters".
ICMP_TYPES: Final[Mapping[int, str]] = {
    0: "echo-reply",
    3: "destination-unreachable",
    4: "source-quench",
    5: "redirect",
    8: "echo-request",
    9: "router-advertisement",
    10: "router-solicitation",
    11: "time-exceeded",
    12: "parameter-problem",
    13: "timestamp-request",
    14: "timestamp-reply",
    15: "info-request",
    16: "info-reply",
    17: "address-mask-request",
    18: "address-mask-reply",
}
ICMPV6_TYPES: Final[Mapping[int, str]] = {
    1: "destination-unreachable",
    2: "packet-too-big",
    3: "time-exceeded",
    4: "parameter-problem",
    128: "echo-request",
    129: "echo-reply",
    130: "mld-listener-query",
    131: "mld-listener-report",
    132: "mld-listener-done",
    133: "nd-router-solicit",
    134: "nd-router-advert",
    135: "nd-neighbor-solicit",
    136: "nd-neighbor-advert",
    137: "nd-redirect",
    138: "router-renumbering",
    143: "mld2-listener-report",
}
ICMP_UNREACHABLE: Final[Mapping[int, str]] = {
    0: "net-unreachable",
    1: "host-unreachable",
    2: "prot-unreachable",
    3: "port-unreachable",
    9: "net-prohibited",
    10: "host-prohibited",
    13: "admin-prohibited",
}
ICMPV6_UNREACHABLE: Final[Mapping[int, str]] = {
    0: "no-route",
    1: "admin-prohibited",
    3: "addr-unreachable",
    4: "port-unreachable",
    5: "policy-fail",
    6: "reject-route",
}
ICMPX_UNREACHABLE: Final[Mapping[int, str]] = {
    0: "no-route",
    1: "port-unreachable",
    2: "host-unreachable",
    3: "admin-prohibited",
}

NF_PROTOCOLS: Final[Mapping[int, str]] = {2: "ipv4", 10: "ipv6"}
ETHER_TYPES: Final[Mapping[int, str]] = {0x0800: "ip", 0x0806: "arp", 0x8100: "vlan", 0x86DD: "ip6"}
ARP_OPERATIONS: Final[Mapping[int, str]] = {1: "request", 2: "reply"}
DEVICE_TYPES: Final[Mapping[int, str]] = {1: "ether", 512: "ppp", 768: "ipip", 772: "loopback"}
PACKET_TYPES: Final[Mapping[int, str]] = {0: "host", 1: "broadcast", 2: "multicast", 3: "other"}
DIRECTIONS: Final[Mapping[int, str]] = {0: "original", 1: "reply"}
DAYS: Final[Mapping[int, str]] = {
    number: f'"{day}"'
    for number, day in enumerate(
        ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    )
}
ADDRESS_TYPES: Final[Mapping[int, str]] = {
    0: "unspec",
    1: "unicast",
    2: "local",
    3: "broadcast",
    4: "anycast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}
# RFC 2474 §4.2.2.2, RFC 2597 §6, RFC 3246 §2.7.
DSCP: Final[Mapping[int, str]] = {
    **{8 * number: f"cs{number}" for number in range(8)},
    **{8 * row + 2 * column: f"af{row}{column}" for row in range(1, 5) for column in range(1, 4)},
    46: "ef",
}

# Bit fields, in the order in which nft lists the bits of one value.
CT_STATES: Final[Mapping[int, str]] = {
    1: "invalid",
    8: "new",
    2: "established",
    4: "related",
    64: "untracked",
}
CT_STATUSES: Final[Mapping[int, str]] = {
    1: "expected",
    2: "seen-reply",
    4: "assured",
    8: "confirmed",
    16: "snat",
    32: "dnat",
    512: "dying",
}
TCP_FLAGS: Final[Mapping[int, str]] = {
    1: "fin",
    2: "syn",
    4: "rst",
    8: "psh",
    16: "ack",
    32: "urg",
    64: "ecn",
    128: "cwr",
}
