"""Targets that answer, divert, copy or rewrite a packet, or choose how it is tracked.

source  include/uapi/linux/netfilter/xt_CT.h, xt_TEE.h, xt_TPROXY.h, xt_TCPMSS.h,
        xt_TCPOPTSTRIP.h, xt_CHECKSUM.h, netfilter_ipv4/ipt_REJECT.h, netfilter_ipv6/ip6t_REJECT.h
"""

import struct
from ipaddress import IPv4Address
from typing import Final

from edgediag.host.attributes import big, text
from edgediag.host.netfilter.xt.option import Blob, Decoders, chosen, flagged, joined, option

_NUMBER: Final = struct.Struct("=I")
_PORT_NUMBER: Final = struct.Struct("=H")
_REJECT_WITH: Final = {
    "ip": (
        "icmp-net-unreachable",
        "icmp-host-unreachable",
        "icmp-proto-unreachable",
        "icmp-port-unreachable",
        "echo-reply",
        "icmp-net-prohibited",
        "icmp-host-prohibited",
        "tcp-reset",
        "icmp-admin-prohibited",
    ),
    "ip6": (
        "icmp6-no-route",
        "icmp6-adm-prohibited",
        "icmp6-not-neighbour",
        "icmp6-addr-unreachable",
        "icmp6-port-unreachable",
        "echo-reply",
        "tcp-reset",
        "icmp6-policy-fail",
        "icmp6-reject-route",
    ),
}
_CT: Final = struct.Struct("=HHII16s")
_CT_TIMEOUT_AT: Final = 28
_CT_TIMEOUT: Final = struct.Struct("=32s")
_NO_TRACK, _ALIAS = 1, 2
_ZONES: Final = {4: "--zone-orig", 8: "--zone-reply"}
_ZONE_MARK: Final = 16
_EVENTS: Final = (
    "new", "related", "destroy", "reply", "assured",
    "protoinfo", "helper", "mark", "natseqinfo", "secmark",
)  # fmt: skip
_TEE_DEVICE: Final = struct.Struct("=16s")
_ADDRESS_OCTETS: Final = 16
_MARKS: Final = struct.Struct("=II")
_TPROXY_0: Final = struct.Struct("=4s2s")
_TPROXY_PORT: Final = struct.Struct("=2s")
_CLAMP: Final = 0xFFFF
_STRIPPED: Final = struct.Struct("=8I")
_FILL: Final = 1


def is_notrack(blob: Blob) -> bool:
    """Whether a CT target was written as "-j NOTRACK"."""
    return len(blob.octets) >= 2 and bool(blob.numbers(_PORT_NUMBER)[0] & _ALIAS)


def _reject(blob: Blob) -> str:
    (code,) = blob.numbers(_NUMBER)
    return option("--reject-with", chosen(_REJECT_WITH.get(blob.family, ()), code))


def _ct(blob: Blob) -> str:
    flags, zone, events, expectations, helper = blob.numbers(_CT)
    if flags & (_NO_TRACK | _ALIAS):
        return "" if flags & _ALIAS else "--notrack"
    timeout = text(blob.numbers(_CT_TIMEOUT, _CT_TIMEOUT_AT)[0]) if blob.revision else ""
    return joined(
        (
            option("--helper", text(helper)) if helper[0] else "",
            option("--timeout", timeout) if timeout else "",
            option("--ctevents", _events(events)) if events else "",
            option("--expevents", _events(expectations)) if expectations else "",
            _zone(flags, zone),
        )
    )


def _events(bits: int) -> str:
    return ",".join(name for bit, name in enumerate(_EVENTS) if bits >> bit & 1)


def _zone(flags: int, zone: int) -> str:
    name = next(iter(flagged(flags, _ZONES)), "--zone")
    if flags & _ZONE_MARK:
        return option(name, "mark")
    return option(name, zone) if zone else ""


def _tee(blob: Blob) -> str:
    device = text(blob.numbers(_TEE_DEVICE, _ADDRESS_OCTETS)[0])
    gateway = option("--gateway", blob.address(0))
    return joined((gateway, option("--oif", device) if device else ""))


def _tproxy(blob: Blob) -> str:
    mask, mark = blob.numbers(_MARKS)
    if blob.revision:
        address: object = blob.address(_MARKS.size)
        (port,) = blob.numbers(_TPROXY_PORT, _MARKS.size + _ADDRESS_OCTETS)
    else:
        octets, port = blob.numbers(_TPROXY_0, _MARKS.size)
        address = IPv4Address(octets)
    return joined(
        (
            option("--on-port", big(port)),
            option("--on-ip", address),
            option("--tproxy-mark", f"0x{mark:x}/0x{mask:x}"),
        )
    )


def _tcpmss(blob: Blob) -> str:
    (size,) = blob.numbers(_PORT_NUMBER)
    return "--clamp-mss-to-pmtu" if size == _CLAMP else option("--set-mss", size)


def _tcpoptstrip(blob: Blob) -> str:
    words = blob.numbers(_STRIPPED)
    kinds = [str(kind) for kind in range(256) if words[kind // 32] >> kind % 32 & 1]
    return option("--strip-options", ",".join(kinds))


def _checksum(blob: Blob) -> str:
    return "--checksum-fill" if blob.octets[:1] == bytes([_FILL]) else ""


def _bare(blob: Blob) -> str:
    return ""


TARGETS: Final[Decoders] = {
    **{("CT", revision): _ct for revision in (0, 1, 2)},
    ("CHECKSUM", 0): _checksum,
    ("NOTRACK", 0): _bare,
    ("REJECT", 0): _reject,
    ("TCPMSS", 0): _tcpmss,
    ("TCPOPTSTRIP", 0): _tcpoptstrip,
    ("TEE", 1): _tee,
    ("TPROXY", 0): _tproxy,
    ("TPROXY", 1): _tproxy,
    ("TRACE", 0): _bare,
}
