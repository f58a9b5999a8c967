"""Matches by what connection tracking knows: conntrack, state, helper, connbytes, connlimit.

source  include/uapi/linux/netfilter/xt_conntrack.h, xt_state.h, xt_helper.h, xt_connbytes.h,
        xt_connlimit.h
"""

import struct
from typing import Final

from edgediag.host.attributes import big
from edgediag.host.netfilter.xt.option import (
    Blob,
    Decoders,
    chosen,
    flagged,
    joined,
    named,
    option,
    prefix,
    span,
)

_EXPIRES_AT: Final = 128
_REST: Final = {
    1: struct.Struct("=IIH2s2s2s2sHHBB"),
    2: struct.Struct("=IIH2s2s2s2sHHHH"),
    3: struct.Struct("=IIHHHHHHHHHHHHH"),
}
_STATES: Final = {
    1: "INVALID",
    8: "NEW",
    4: "RELATED",
    2: "ESTABLISHED",
    0x100: "UNTRACKED",
    0x40: "SNAT",
    0x80: "DNAT",
}
# xt_state has no translations, and its bit for untracked packets is where they would begin.
_PLAIN_STATES: Final = {**dict(list(_STATES.items())[:4]), 0x40: "UNTRACKED"}
_STATUSES: Final = {1: "EXPECTED", 2: "SEEN_REPLY", 4: "ASSURED", 8: "CONFIRMED"}
_STATE, _PROTOCOL, _STATUS, _EXPIRE, _DIRECTION, _ALIAS = 1, 2, 0x40, 0x80, 0x1000, 0x2000
_ADDRESSES: Final = {4: "--ctorigsrc", 8: "--ctorigdst", 16: "--ctreplsrc", 32: "--ctrepldst"}
_PORTS: Final = {
    0x100: "--ctorigsrcport",
    0x200: "--ctorigdstport",
    0x400: "--ctreplsrcport",
    0x800: "--ctrepldstport",
}
_NUMBER: Final = struct.Struct("=I")
_HELPER: Final = struct.Struct("=i30s")
_CONNBYTES: Final = struct.Struct("=QQBB")
_WITHOUT_END: Final = 2**64 - 1
_CONNLIMIT: Final = struct.Struct("=II")
_CONNLIMIT_AT: Final = 16


def is_state(blob: Blob) -> bool:
    """Whether a conntrack match was written as "-m state"."""
    try:
        return blob.revision in _REST and bool(_flags(blob)[0] & _ALIAS)
    except struct.error:
        return False


def _conntrack(blob: Blob) -> str:
    asked, inverted = _flags(blob)
    expires_first, expires_last, protocol, *_ = blob.numbers(_REST[blob.revision], _EXPIRES_AT)
    states, statuses = blob.numbers(_REST[blob.revision], _EXPIRES_AT)[9:11]
    state = "--state" if asked & _ALIAS else "--ctstate"
    options = {
        _STATE: option(state, ",".join(flagged(states, _STATES)), inverted & _STATE),
        _PROTOCOL: option("--ctproto", protocol, inverted & _PROTOCOL),
        **{
            bit: option(name, _network(blob, index), inverted & bit)
            for index, (bit, name) in enumerate(_ADDRESSES.items())
        },
        **{
            bit: option(name, _ports(blob, index), inverted & bit)
            for index, (bit, name) in enumerate(_PORTS.items())
        },
        _STATUS: option("--ctstatus", _statuses(statuses), inverted & _STATUS),
        _EXPIRE: option("--ctexpire", span(expires_first, expires_last), inverted & _EXPIRE),
        _DIRECTION: option("--ctdir", "REPLY" if inverted & _DIRECTION else "ORIGINAL"),
    }
    return joined(flagged(asked, options))


def _flags(blob: Blob) -> tuple[int, int]:
    asked, inverted = blob.numbers(_REST[blob.revision], _EXPIRES_AT)[7:9]
    return asked, inverted


def _network(blob: Blob, index: int) -> str:
    address, mask = blob.address(32 * index), blob.address(32 * index + 16)
    return f"{address}{prefix(mask)}"


def _ports(blob: Blob, index: int) -> str:
    fields = blob.numbers(_REST[blob.revision], _EXPIRES_AT)
    if blob.revision < 3:
        return str(big(fields[3 + index]))
    return span(fields[3 + index], fields[11 + index])


def _statuses(bits: int) -> str:
    return ",".join(flagged(bits, _STATUSES)) or "NONE"


def _state(blob: Blob) -> str:
    (states,) = blob.numbers(_NUMBER)
    return option("--state", ",".join(flagged(states, _PLAIN_STATES)))


def _helper(blob: Blob) -> str:
    inverted, name = blob.numbers(_HELPER)
    return option("--helper", named(name), inverted)


def _connbytes(blob: Blob) -> str:
    first, last, what, direction = blob.numbers(_CONNBYTES)
    # A range the wrong way round is what iptables writes for an inverted one.
    low, high = min(first, last), max(first, last)
    bounds = f"{low}:{high}" if high and high < _WITHOUT_END else str(low)
    return joined(
        (
            option("--connbytes", bounds, first > last),
            option("--connbytes-mode", chosen(("packets", "bytes", "avgpkt"), what)),
            option("--connbytes-dir", chosen(("original", "reply", "both"), direction)),
        )
    )


def _connlimit(blob: Blob) -> str:
    limit, flags = blob.numbers(_CONNLIMIT, _CONNLIMIT_AT)
    mask = blob.address(0)
    return joined(
        (
            option("--connlimit-upto" if flags & 1 else "--connlimit-above", limit),
            option("--connlimit-mask", int(mask).bit_count()),
            "--connlimit-daddr" if flags & 2 else "--connlimit-saddr",
        )
    )


MATCHES: Final[Decoders] = {
    **{("conntrack", revision): _conntrack for revision in _REST},
    ("connbytes", 0): _connbytes,
    ("connlimit", 1): _connlimit,
    ("helper", 0): _helper,
    ("state", 0): _state,
}
