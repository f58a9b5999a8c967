"""Matches by fields of the IP header and of the one behind it.

source  include/uapi/linux/netfilter/xt_dscp.h, xt_ecn.h, xt_esp.h, xt_ipcomp.h,
        xt_length.h, xt_tcpmss.h,
        netfilter_ipv4/ipt_ah.h, ipt_ttl.h, netfilter_ipv6/ip6t_ah.h, ip6t_hl.h
"""

import struct
from typing import Final

from edgediag.host.netfilter.xt.option import WHOLE, Blob, Decoders, flagged, joined, option, span

_TWO: Final = struct.Struct("=BB")
_THREE: Final = struct.Struct("=BBB")
_ICMP: Final = struct.Struct("=BBBB")
_RANGE: Final = struct.Struct("=HHB")
_SPIS: Final = struct.Struct("=IIB")
_AH_6: Final = struct.Struct("=IIIBB")
_AH_LENGTH_INVERTED: Final = 2
_ANY_TYPE: Final = 0xFF
_ECN_IP, _ECN_ECE, _ECN_CWR = 1, 0x10, 0x20


def _icmp(blob: Blob) -> str:
    name = "--icmp-type" if blob.family == "ip" else "--icmpv6-type"
    type_, first, last, inverted = blob.numbers(_ICMP)
    if (first, last) != (0, 0xFF):
        return option(name, f"{type_}/{first}", inverted)
    is_any = type_ == _ANY_TYPE and blob.family == "ip"
    return option(name, "any" if is_any else type_, inverted)


def _esp(blob: Blob) -> str:
    return _spis("--espspi", blob)


def _ipcomp(blob: Blob) -> str:
    return _spis("--ipcompspi", blob)


def _ah(blob: Blob) -> str:
    if blob.family == "ip":
        return _spis("--ahspi", blob)
    first, last, length, reserved, inverted = blob.numbers(_AH_6)
    is_asked = (first, last) != (0, WHOLE) or inverted & 1
    return joined(
        (
            option("--ahspi", span(first, last), inverted & 1) if is_asked else "",
            option("--ahlen", length, inverted & _AH_LENGTH_INVERTED) if length else "",
            "--ahres" if reserved else "",
        )
    )


def _spis(name: str, blob: Blob) -> str:
    first, last, inverted = blob.numbers(_SPIS)
    if (first, last) == (0, WHOLE) and not inverted & 1:
        return ""
    return option(name, span(first, last), inverted & 1)


def _length(blob: Blob) -> str:
    first, last, inverted = blob.numbers(_RANGE)
    return option("--length", span(first, last), inverted)


def _tcpmss(blob: Blob) -> str:
    first, last, inverted = blob.numbers(_RANGE)
    return option("--mss", span(first, last), inverted)


def _dscp(blob: Blob) -> str:
    dscp, inverted = blob.numbers(_TWO)
    return option("--dscp", f"0x{dscp:02x}", inverted)


def _tos(blob: Blob) -> str:
    if not blob.revision:
        tos, inverted = blob.numbers(_TWO)
        return option("--tos", f"0x{tos:02x}", inverted)
    mask, tos, inverted = blob.numbers(_THREE)
    return option("--tos", f"0x{tos:02x}/0x{mask:02x}", inverted)


def _ecn(blob: Blob) -> str:
    operations, inverted, ect = blob.numbers(_THREE)
    options = {
        _ECN_ECE: option("--ecn-tcp-ece", "", inverted & _ECN_ECE),
        _ECN_CWR: option("--ecn-tcp-cwr", "", inverted & _ECN_CWR),
        _ECN_IP: option("--ecn-ip-ect", ect, inverted & _ECN_IP),
    }
    return joined(flagged(operations, options))


def _ttl(blob: Blob) -> str | None:
    return _hops("--ttl", blob)


def _hl(blob: Blob) -> str | None:
    return _hops("--hl", blob)


def _hops(name: str, blob: Blob) -> str | None:
    mode, number = blob.numbers(_TWO)
    words = {0: f"{name}-eq", 1: f"! {name}-eq", 2: f"{name}-lt", 3: f"{name}-gt"}.get(mode)
    return f"{words} {number}" if words else None


MATCHES: Final[Decoders] = {
    ("ah", 0): _ah,
    ("dscp", 0): _dscp,
    ("ecn", 0): _ecn,
    ("esp", 0): _esp,
    ("hl", 0): _hl,
    ("icmp", 0): _icmp,
    ("icmp6", 0): _icmp,
    ("ipcomp", 0): _ipcomp,
    ("length", 0): _length,
    ("tcpmss", 0): _tcpmss,
    ("tos", 0): _tos,
    ("tos", 1): _tos,
    ("ttl", 0): _ttl,
}
