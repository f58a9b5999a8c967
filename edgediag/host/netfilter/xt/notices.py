"""Targets that tell somebody of a packet: LOG, NFLOG, NFQUEUE, AUDIT.

source  include/uapi/linux/netfilter/xt_LOG.h, xt_NFLOG.h, xt_NFQUEUE.h, xt_AUDIT.h
"""

import struct
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.xt.option import (
    Blob,
    Decoders,
    chosen,
    flagged,
    joined,
    option,
    quoted,
)

_LOG: Final = struct.Struct("=BB30s")
_WARNING: Final = 4
_LOG_FLAGS: Final = {
    1: "--log-tcp-sequence",
    2: "--log-tcp-options",
    4: "--log-ip-options",
    8: "--log-uid",
    32: "--log-macdecode",
}
_NFLOG: Final = struct.Struct("=IHHHH64s")
_HAS_SIZE: Final = 1
_NFQUEUE: Final = {
    0: struct.Struct("=H"),
    1: struct.Struct("=HH"),
    2: struct.Struct("=HHH"),
    3: struct.Struct("=HHH"),
}
_QUEUE_FLAGS: Final = {1: "--queue-bypass", 2: "--queue-cpu-fanout"}
_OCTET: Final = struct.Struct("=B")


def nflog_words(prefix: str, group: int, size: int, threshold: int) -> str:
    """The options of NFLOG, which iptables-nft writes as a log statement of nf_tables."""
    return joined(
        (
            option("--nflog-prefix", quoted(prefix)) if prefix else "",
            option("--nflog-group", group) if group else "",
            option("--nflog-size", size) if size else "",
            option("--nflog-threshold", threshold) if threshold else "",
        )
    )


def _log(blob: Blob) -> str:
    level, flags, prefix = blob.numbers(_LOG)
    words = text(prefix)
    return joined(
        (
            option("--log-prefix", quoted(words)) if words else "",
            option("--log-level", level) if level != _WARNING else "",
            *flagged(flags, _LOG_FLAGS),
        )
    )


def _nflog(blob: Blob) -> str:
    length, group, threshold, flags, _, prefix = blob.numbers(_NFLOG)
    if flags & _HAS_SIZE or not length:
        return nflog_words(text(prefix), group, length, threshold)
    # A length without the flag comes from --nflog-range, which the kernel never obeyed.
    words = nflog_words(text(prefix), group, length, threshold)
    return words.replace("--nflog-size", "--nflog-range", 1)


def _nfqueue(blob: Blob) -> str:
    first, count, flags, *_ = *blob.numbers(_NFQUEUE[blob.revision]), 1, 0, 0
    if count > 1:
        queues = option("--queue-balance", f"{first}:{first + count - 1}")
    else:
        queues = option("--queue-num", first)
    known = _QUEUE_FLAGS if blob.revision == 3 else {1: _QUEUE_FLAGS[1]}
    return joined((queues, *flagged(flags if blob.revision > 1 else 0, known)))


def _audit(blob: Blob) -> str:
    (type_,) = blob.numbers(_OCTET)
    return option("--type", chosen(("accept", "drop", "reject"), type_))


TARGETS: Final[Decoders] = {
    **{("NFQUEUE", revision): _nfqueue for revision in _NFQUEUE},
    ("AUDIT", 0): _audit,
    ("LOG", 0): _log,
    ("NFLOG", 0): _nflog,
}
