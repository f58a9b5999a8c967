"""Matches by ports: tcp, udp, sctp, dccp, multiport.

source  include/uapi/linux/netfilter/xt_tcpudp.h, xt_sctp.h, xt_dccp.h, xt_multiport.h
"""

import struct
from typing import Final

from edgediag.host.netfilter.xt.option import Blob, Decoders, asked_ports, flagged, joined, option

_UDP: Final = struct.Struct("=HHHHB")
_TCP: Final = struct.Struct("=HHHHBBBB")
_SOURCE, _DESTINATION, _TCP_FLAGS, _TCP_OPTION = 1, 2, 4, 8
_TCP_FLAG_NAMES: Final = {1: "FIN", 2: "SYN", 4: "RST", 8: "PSH", 16: "ACK", 32: "URG"}
_MULTIPORT_WORDS: Final = ("--sports", "--dports", "--ports")
_MULTIPORT_0: Final = struct.Struct("=BB15H")
_MULTIPORT: Final = struct.Struct("=BB15H15BB")
_DCCP: Final = struct.Struct("=HHHHHHHB")
_DCCP_TYPES, _DCCP_OPTION = 4, 8
_DCCP_NAMES: Final = (
    "REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ",
    "CLOSE", "RESET", "SYNC", "SYNCACK", "INVALID",
)  # fmt: skip


def flag_words(bits: int) -> str:
    """TCP flags as iptables names them."""
    return ",".join(flagged(bits, _TCP_FLAG_NAMES)) or "NONE"


def tcp_flags(mask: int, flags: int, inverted: int) -> str:
    """The condition on TCP flags."""
    return option("--tcp-flags", f"{flag_words(mask)} {flag_words(flags)}", inverted)


def _udp(blob: Blob) -> str:
    *ports, inverted = blob.numbers(_UDP)
    return joined(_both_ports(ports, inverted))


def _tcp(blob: Blob) -> str:
    *ports, number, mask, flags, inverted = blob.numbers(_TCP)
    has_option = number or inverted & _TCP_OPTION
    has_flags = mask or inverted & _TCP_FLAGS
    return joined(
        (
            *_both_ports(ports, inverted),
            option("--tcp-option", number, inverted & _TCP_OPTION) if has_option else "",
            tcp_flags(mask, flags, inverted & _TCP_FLAGS) if has_flags else "",
        )
    )


def _both_ports(ports: list[int], inverted: int) -> tuple[str, str]:
    source_first, source_last, first, last = ports
    return (
        asked_ports("--sport", (source_first, source_last), inverted & _SOURCE),
        asked_ports("--dport", (first, last), inverted & _DESTINATION),
    )


def _multiport(blob: Blob) -> str:
    layout = _MULTIPORT if blob.revision else _MULTIPORT_0
    which, count, *rest = blob.numbers(layout)
    ports, starts = rest[:15], rest[15:30] if blob.revision else (0,) * 15
    inverted = rest[30] if blob.revision else 0
    words = "".join(
        f"{port}{':' if is_start else ','}" for port, is_start in zip(ports[:count], starts)
    )
    return option(_MULTIPORT_WORDS[min(which, 2)], words.rstrip(",:"), inverted)


def _dccp(blob: Blob) -> str:
    first, last, source_first, source_last, asked, inverted, types, number = blob.numbers(_DCCP)
    names = [name for bit, name in enumerate(_DCCP_NAMES) if types >> bit & 1]
    options = {
        _SOURCE: asked_ports("--sport", (source_first, source_last), inverted & _SOURCE),
        _DESTINATION: asked_ports("--dport", (first, last), inverted & _DESTINATION),
        _DCCP_TYPES: option("--dccp-types", ",".join(names), inverted & _DCCP_TYPES),
        _DCCP_OPTION: option("--dccp-option", number, inverted & _DCCP_OPTION),
    }
    return joined(flagged(asked, options))


MATCHES: Final[Decoders] = {
    ("dccp", 0): _dccp,
    ("multiport", 0): _multiport,
    ("multiport", 1): _multiport,
    ("tcp", 0): _tcp,
    ("udp", 0): _udp,
}
