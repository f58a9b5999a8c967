"""The match policy: whether a packet came or goes through IPsec.

source  include/uapi/linux/netfilter/xt_policy.h
"""

import struct
from typing import Final

from edgediag.host.netfilter.xt.option import (
    Blob,
    Decoders,
    chosen,
    flagged,
    joined,
    option,
    prefix,
)

# iptables writes the SPI as this machine orders octets, though the kernel takes it for a packet's.
_ELEMENT: Final = struct.Struct("=16s16s16s16sIIBBBB")
_MOST: Final = 4
_TAIL: Final = struct.Struct("=HH")
_IN, _OUT, _NONE, _STRICT = 1, 2, 4, 8
_SOURCE, _DESTINATION, _PROTOCOL, _MODE, _SPI, _REQUEST = 1, 2, 4, 8, 16, 32
_PROTOCOLS: Final = {4: "ipencap", 41: "ipv6", 50: "esp", 51: "ah", 108: "ipcomp"}


def _policy(blob: Blob) -> str:
    flags, count = blob.numbers(_TAIL, _MOST * _ELEMENT.size)
    elements = (_element(blob, index) for index in range(min(count, _MOST)))
    return joined(
        (
            option("--dir", "in" if flags & _IN else "out"),
            option("--pol", "none" if flags & _NONE else "ipsec"),
            "--strict" if flags & _STRICT else "",
            "" if flags & _NONE else " --next ".join(elements),
        )
    )


def _element(blob: Blob, index: int) -> str:
    start = index * _ELEMENT.size
    *_, spi, request, protocol, mode, asked, inverted = blob.numbers(_ELEMENT, start)
    source, destination = (
        f"{blob.address(start + at)}{prefix(blob.address(start + at + 16))}" for at in (0, 32)
    )
    options = {
        _REQUEST: option("--reqid", request, inverted & _REQUEST),
        _SPI: option("--spi", f"0x{spi:x}", inverted & _SPI),
        _PROTOCOL: option("--proto", _PROTOCOLS.get(protocol, protocol), inverted & _PROTOCOL),
        _MODE: option("--mode", chosen(("transport", "tunnel"), mode), inverted & _MODE),
        _DESTINATION: option("--tunnel-dst", destination, inverted & _DESTINATION),
        _SOURCE: option("--tunnel-src", source, inverted & _SOURCE),
    }
    return joined(flagged(asked, options))


MATCHES: Final[Decoders] = {("policy", 0): _policy}
