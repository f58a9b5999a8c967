"""What the loads of a rule read, by the names nft(8) has for them, and how their values are shown.

source  nft(8) "META EXPRESSIONS", "CONNTRACK EXPRESSIONS", "PAYLOAD EXPRESSIONS"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing a rule can look at.

    kind       how its value is written: a key of `edgediag.host.netfilter.formats.FORMATS`
    octets     of the whole value
    is_native  the register holds it in the byte order of this machine
    """

    text: str
    kind: str
    octets: int
    is_native: bool


def _native(text: str, kind: str = "number", octets: int = 4) -> Field:
    return Field(text=text, kind=kind, octets=octets, is_native=True)


def _network(text: str, kind: str = "number", octets: int = 4) -> Field:
    return Field(text=text, kind=kind, octets=octets, is_native=False)


META: Final[Mapping[int, Field]] = {
    0: _native("meta length"),
    1: _network("meta protocol", "ether-type", 2),
    2: _native("meta priority", "class"),
    3: _native("meta mark", "mark"),
    4: _native("iif", "interface"),
    5: _native("oif", "interface"),
    6: _network("iifname", "name", 16),
    7: _network("oifname", "name", 16),
    8: _native("meta iiftype", "device-type", 2),
    9: _native("meta oiftype", "device-type", 2),
    10: _native("meta skuid"),
    11: _native("meta skgid"),
    12: _native("meta nftrace", octets=1),
    13: _native("meta rtclassid"),
    14: _native("meta secmark"),
    15: _native("meta nfproto", "nf-protocol", 1),
    16: _native("meta l4proto", "protocol", 1),
    17: _network("meta ibrname", "name", 16),
    18: _network("meta obrname", "name", 16),
    19: _native("meta pkttype", "packet-type", 1),
    20: _native("meta cpu"),
    21: _native("iifgroup"),
    22: _native("oifgroup"),
    23: _native("meta cgroup"),
    24: _native("meta random"),
    25: _native("meta ipsec", "existence", 1),
    26: _network("meta iifkind", "name", 16),
    27: _network("meta oifkind", "name", 16),
    30: _native("meta time", octets=8),
    31: _native("meta day", "day", 1),
    32: _native("meta hour"),
    33: _native("meta sdif", "interface"),
    34: _network("meta sdifname", "name", 16),
}

CT: Final[Mapping[int, Field]] = {
    0: _native("state", "ct-state"),
    1: _native("direction", "direction", 1),
    2: _native("status", "ct-status"),
    3: _native("mark", "mark"),
    5: _native("expiration"),
    6: _network("helper", "name", 16),
    7: _native("l3proto", "nf-protocol", 1),
    8: _network("saddr", "address", 16),
    9: _network("daddr", "address", 16),
    10: _native("protocol", "protocol", 1),
    11: _network("proto-src", octets=2),
    12: _network("proto-dst", octets=2),
    14: _native("packets", octets=8),
    15: _native("bytes", octets=8),
    16: _native("avgpkt", octets=8),
    17: _native("zone", octets=2),
    19: _network("ip saddr", "address", 4),
    20: _network("ip daddr", "address", 4),
    21: _network("ip6 saddr", "address", 16),
    22: _network("ip6 daddr", "address", 16),
    23: _native("id"),
}

_PORTS: Final = {0: ("sport", "number", 2), 2: ("dport", "number", 2)}
_ICMP: Final = {1: ("code", "number", 1), 2: ("checksum", "number", 2)}
_ICMP_ECHO: Final = {4: ("id", "number", 2), 6: ("sequence", "number", 2)}

# By header: offset to name, kind and octets.
_HEADERS: Final[Mapping[str, Mapping[int, tuple[str, str, int]]]] = {
    "ether": {0: ("daddr", "mac", 6), 6: ("saddr", "mac", 6), 12: ("type", "ether-type", 2)},
    "arp": {
        6: ("operation", "arp-operation", 2),
        8: ("saddr ether", "mac", 6),
        14: ("saddr ip", "address", 4),
        18: ("daddr ether", "mac", 6),
        24: ("daddr ip", "address", 4),
    },
    "ip": {
        2: ("length", "number", 2),
        4: ("id", "number", 2),
        6: ("frag-off", "number", 2),
        8: ("ttl", "number", 1),
        9: ("protocol", "protocol", 1),
        10: ("checksum", "number", 2),
        12: ("saddr", "address", 4),
        16: ("daddr", "address", 4),
    },
    "ip6": {
        4: ("length", "number", 2),
        6: ("nexthdr", "protocol", 1),
        7: ("hoplimit", "number", 1),
        8: ("saddr", "address", 16),
        24: ("daddr", "address", 16),
    },
    "tcp": {
        **_PORTS,
        4: ("sequence", "number", 4),
        8: ("ackseq", "number", 4),
        13: ("flags", "tcp-flags", 1),
        14: ("window", "number", 2),
        16: ("checksum", "number", 2),
        18: ("urgptr", "number", 2),
    },
    "udp": {**_PORTS, 4: ("length", "number", 2), 6: ("checksum", "number", 2)},
    "udplite": {**_PORTS, 6: ("checksum", "number", 2)},
    "sctp": {**_PORTS, 4: ("vtag", "number", 4)},
    "dccp": _PORTS,
    "th": _PORTS,
    "esp": {0: ("spi", "number", 4), 4: ("sequence", "number", 4)},
    "ah": {4: ("spi", "number", 4), 8: ("sequence", "number", 4)},
    "icmp": {0: ("type", "icmp-type", 1), **_ICMP, **_ICMP_ECHO},
    "icmpv6": {0: ("type", "icmpv6-type", 1), **_ICMP, **_ICMP_ECHO},
}


def header_field(header: str, offset: int, octets: int) -> Field | None:
    """The field of a header that a load reads, whole or the leading octets of an address."""
    name, kind, whole = _HEADERS.get(header, {}).get(offset, ("", "", 0))
    is_prefix = kind == "address" and octets < whole
    if not name or not (is_prefix or octets == whole):
        return None
    return _network(f"{header} {name}", kind, whole)


def adjacent_fields(header: str, offset: int, octets: int) -> tuple[Field, ...]:
    """The whole fields that one load reads together, () where it begins or ends inside one.

    nft loads fields that lie side by side at once: `udp sport 500 udp dport 500`.
    """
    found: list[Field] = []
    end = offset + octets
    while offset < end:
        _, _, whole = _HEADERS.get(header, {}).get(offset, ("", "", 0))
        field = header_field(header, offset, min(whole, end - offset))
        if field is None:
            return ()
        found.append(field)
        offset += whole
    return tuple(found)


def raw_field(base: int, offset: int, octets: int) -> Field:
    """Octets that have no name, as nft writes them: base, offset and length in bits."""
    name = {0: "ll", 1: "nh", 2: "th", 3: "ih"}.get(base, str(base))
    return _network(f"@{name},{8 * offset},{8 * octets}", "raw", octets)


def unknown_field(source: str, key: int) -> Field:
    """A fact by its number, of a kernel newer than the tables here."""
    return _native(f"[{source} {key}]", "raw")


def fib_field(result: int, flags: int) -> Field:
    """A route lookup: which values of the packet are the key, and what is asked (NFTA_FIB_F_*)."""
    bits = {0x1: "saddr", 0x2: "daddr", 0x4: "mark", 0x8: "iif", 0x10: "oif"}
    key = " . ".join(word for bit, word in bits.items() if flags & bit)
    words, kind, octets = {
        1: ("oif", "interface", 4),
        2: ("oifname", "name", 16),
        3: ("type", "address-type", 4),
    }.get(result, (f"[fib {result}]", "raw", 4))
    if flags & 0x20:
        kind, octets = "existence", 1
    return Field(text=f"fib {key} {words}", kind=kind, octets=octets, is_native=kind != "name")
