"""Targets that translate addresses and ports.

source  include/uapi/linux/netfilter/nf_nat.h: IPv4's own layout, and two for both families
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from edgediag.host.attributes import big
from edgediag.host.netfilter.xt.option import Blob, Decoders, flagged, joined, option, prefix, span

_OLD: Final = struct.Struct("=II4s4s2s2s")
_FLAGS: Final = struct.Struct("=I")
_FIRST_AT, _LAST_AT, _PORTS_AT = 4, 20, 36
_PORTS: Final = struct.Struct("=2s2s")
_BASE_PORT: Final = struct.Struct("=2s")
_ADDRESSES, _HAS_PORTS, _OFFSET = 1, 2, 32
_WORDS: Final = {4: "--random", 16: "--random-fully", 8: "--persistent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What is translated to: addresses, ports, and for shifted ranges the port that is the first.

    base  None where ports are not shifted
    """

    flags: int
    addresses: tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]
    ports: tuple[int, int]
    base: int | None


def nat_range(blob: Blob, target: str) -> Range:
    """The range of a target; raises struct.error where the struct is too short."""
    is_old = blob.family == "ip" and (target, blob.revision) not in (("DNAT", 1), ("DNAT", 2))
    if is_old:
        _, flags, *octets = blob.numbers(_OLD)
        first, last = IPv4Address(octets[0]), IPv4Address(octets[1])
        return Range(flags=flags, addresses=(first, last), ports=_numbers(octets[2:]), base=None)
    (flags,) = blob.numbers(_FLAGS)
    is_shifted = flags & _OFFSET and (target, blob.revision) == ("DNAT", 2)
    base = big(blob.numbers(_BASE_PORT, _PORTS_AT + 4)[0]) if is_shifted else None
    return Range(
        flags=flags,
        addresses=(blob.address(_FIRST_AT), blob.address(_LAST_AT)),
        ports=_numbers(blob.numbers(_PORTS, _PORTS_AT)),
        base=base,
    )


def _numbers(ports: Sequence[bytes]) -> tuple[int, int]:
    return big(ports[0]), big(ports[1])


def _destination(blob: Blob) -> str:
    found = nat_range(blob, "DNAT")
    return joined((option("--to-destination", _both(found)), *flagged(found.flags, _WORDS)))


def _source(blob: Blob) -> str:
    found = nat_range(blob, "SNAT")
    return joined((option("--to-source", _both(found)), *flagged(found.flags, _WORDS)))


def _only_ports(blob: Blob) -> str:
    found = nat_range(blob, "MASQUERADE")
    ports = option("--to-ports", _ports(found)) if found.flags & _HAS_PORTS else ""
    return joined((ports, *flagged(found.flags, _WORDS)))


def _both(found: Range) -> str:
    """ "address[-address][:port[-port][/port]]", an address of IPv6 before a port in brackets."""
    addresses = span(*found.addresses, "-") if found.flags & _ADDRESSES else ""
    if not found.flags & _HAS_PORTS:
        return addresses
    is_bracketed = addresses and isinstance(found.addresses[0], IPv6Address)
    return f"[{addresses}]:{_ports(found)}" if is_bracketed else f"{addresses}:{_ports(found)}"


def _ports(found: Range) -> str:
    base = "" if found.base is None else f"/{found.base}"
    return f"{span(*found.ports, '-')}{base}"


def _netmap(blob: Blob) -> str:
    first, last = nat_range(blob, "NETMAP").addresses
    width = first.max_prefixlen
    mask = (2**width - 1) ^ int(first) ^ int(last)
    length = prefix(IPv4Address(mask) if width == 32 else IPv6Address(mask)) or f"/{width}"
    return option("--to", f"{first}{length}")


TARGETS: Final[Decoders] = {
    **{("DNAT", revision): _destination for revision in (0, 1, 2)},
    **{("SNAT", revision): _source for revision in (0, 1)},
    ("MASQUERADE", 0): _only_ports,
    ("NETMAP", 0): _netmap,
    ("REDIRECT", 0): _only_ports,
}
