"""The match sctp: ports and chunk types.

source  include/uapi/linux/netfilter/xt_sctp.h; RFC 9260 §3.2, RFC 4960 §3.2
"""

import struct
from typing import Final

from edgediag.host.netfilter.xt.option import Blob, Decoders, asked_ports, flagged, joined, option

_PORTS: Final = struct.Struct("=HHHH")
_MAP_AT, _MAP_OCTETS = 8, 32
# The kernel's map has room for eight times as many types as there are (256 / sizeof(__u32) words).
_REST_AT: Final = _MAP_AT + 256
_REST: Final = struct.Struct("=I12siII")
_SOURCE, _DESTINATION, _CHUNKS = 1, 2, 4
_WHICH: Final = {1: "any", 2: "all", 4: "only"}
_MOST_FLAGS: Final = 4
_ALL_TYPES: Final = 2**256 - 1
_NAMES: Final = {
    0: "DATA", 1: "INIT", 2: "INIT_ACK", 3: "SACK", 4: "HEARTBEAT", 5: "HEARTBEAT_ACK",
    6: "ABORT", 7: "SHUTDOWN", 8: "SHUTDOWN_ACK", 9: "ERROR", 10: "COOKIE_ECHO",
    11: "COOKIE_ACK", 12: "ECN_ECNE", 13: "ECN_CWR", 14: "SHUTDOWN_COMPLETE", 64: "I_DATA",
    128: "ASCONF_ACK", 130: "RE_CONFIG", 132: "PAD", 192: "FORWARD_TSN", 193: "ASCONF",
    194: "I_FORWARD_TSN",
}  # fmt: skip
_DATA_FLAGS, _TAG_FLAGS = "----IUBE", "-------T"
_FLAGS: Final = {0: _DATA_FLAGS, 64: _DATA_FLAGS, 6: _TAG_FLAGS, 14: _TAG_FLAGS}


def _sctp(blob: Blob) -> str:
    first, last, source_first, source_last = blob.numbers(_PORTS)
    *_, asked, inverted = blob.numbers(_REST, _REST_AT)
    options = {
        _SOURCE: asked_ports("--sport", (source_first, source_last), inverted & _SOURCE),
        _DESTINATION: asked_ports("--dport", (first, last), inverted & _DESTINATION),
        _CHUNKS: option("--chunk-types", _chunks(blob), inverted & _CHUNKS),
    }
    return joined(flagged(asked, options))


def _chunks(blob: Blob) -> str:
    which, triples, count, *_ = blob.numbers(_REST, _REST_AT)
    types = int.from_bytes(blob.octets[_MAP_AT : _MAP_AT + _MAP_OCTETS], "little")
    word = _WHICH.get(which, str(which))
    if types in (0, _ALL_TYPES):
        return f"{word} {'ALL' if types else 'NONE'}"
    starts = range(0, 3 * max(0, min(count, _MOST_FLAGS)), 3)
    flags = {triples[at]: (triples[at + 1], triples[at + 2]) for at in starts}
    names = [
        _NAMES.get(type_, str(type_)) + _flags(type_, *flags[type_] if type_ in flags else (0, 0))
        for type_ in range(256)
        if types >> type_ & 1
    ]
    return f"{word} {','.join(names)}"


def _flags(type_: int, flags: int, mask: int) -> str:
    """A letter for each flag that is looked at, in lower case where it has to be absent."""
    letters = "".join(
        letter if flags & 0x80 >> place else letter.lower()
        for place, letter in enumerate(_FLAGS.get(type_, "-" * 8))
        if mask & 0x80 >> place
    )
    return f":{letters}" if letters else ""


MATCHES: Final[Decoders] = {("sctp", 0): _sctp}
