"""Marks of a packet and of its connection: read by matches, written by targets.

source  include/uapi/linux/netfilter/xt_mark.h, xt_connmark.h, xt_CLASSIFY.h, xt_DSCP.h,
        netfilter_ipv4/ipt_TTL.h, netfilter_ipv6/ip6t_HL.h
"""

import struct
from typing import Final

from edgediag.host.netfilter.xt.option import Blob, Decoders, joined, masked, option

_MATCH: Final = struct.Struct("=IIB")
_NUMBER: Final = struct.Struct("=I")
_TWO_NUMBERS: Final = struct.Struct("=II")
_ONE: Final = struct.Struct("=B")
_TWO: Final = struct.Struct("=BB")
_CONNMARK: Final = {1: struct.Struct("=IIIB"), 2: struct.Struct("=IIIBBB")}
_SET, _SAVE, _RESTORE = 0, 1, 2


def _mark(blob: Blob) -> str:
    mark, mask, inverted = blob.numbers(_MATCH)
    return option("--mark", masked(mark, mask), inverted)


def _set_mark(blob: Blob) -> str:
    mark, mask = blob.numbers(_TWO_NUMBERS)
    return option("--set-xmark", f"0x{mark:x}/0x{mask:x}")


def _set_connmark(blob: Blob) -> str | None:
    mark, mask, nf_mask, *shift, mode = blob.numbers(_CONNMARK[blob.revision])
    masks = f"--nfmask 0x{nf_mask:x} --ctmask 0x{mask:x}"
    words = {
        _SET: f"--set-xmark 0x{mark:x}/0x{mask:x}",
        _SAVE: f"--save-mark {masks}",
        _RESTORE: f"--restore-mark {masks}",
    }.get(mode)
    return joined((words, _shift(*shift))) if words else None


def _shift(direction: int = 0, bits: int = 0) -> str:
    return option("--right-shift-mark" if direction else "--left-shift-mark", bits) if bits else ""


def _classify(blob: Blob) -> str:
    (class_,) = blob.numbers(_NUMBER)
    return option("--set-class", f"{class_ >> 16:04x}:{class_ & 0xFFFF:04x}")


def _set_dscp(blob: Blob) -> str:
    (dscp,) = blob.numbers(_ONE)
    return option("--set-dscp", f"0x{dscp:02x}")


def _set_tos(blob: Blob) -> str:
    if not blob.revision:
        (tos,) = blob.numbers(_ONE)
        return option("--set-tos", f"0x{tos:02x}")
    tos, mask = blob.numbers(_TWO)
    return option("--set-tos", f"0x{tos:02x}/0x{mask:02x}")


def _set_ttl(blob: Blob) -> str | None:
    return _change_hops("--ttl", blob)


def _set_hl(blob: Blob) -> str | None:
    return _change_hops("--hl", blob)


def _change_hops(name: str, blob: Blob) -> str | None:
    mode, number = blob.numbers(_TWO)
    word = {0: "set", 1: "inc", 2: "dec"}.get(mode)
    return f"{name}-{word} {number}" if word else None


MATCHES: Final[Decoders] = {("connmark", 1): _mark, ("mark", 1): _mark}

TARGETS: Final[Decoders] = {
    ("CLASSIFY", 0): _classify,
    ("CONNMARK", 1): _set_connmark,
    ("CONNMARK", 2): _set_connmark,
    ("DSCP", 0): _set_dscp,
    ("HL", 0): _set_hl,
    ("MARK", 2): _set_mark,
    ("TOS", 0): _set_tos,
    ("TOS", 1): _set_tos,
    ("TTL", 0): _set_ttl,
}
