"""The target of arptables that rewrites a message of ARP, and the words arptables has of its own.

source  include/uapi/linux/netfilter_arp/arpt_mangle.h; arptables 0.0.5, extensions/arpt_mangle.c,
        arpt_MARK.c, arpt_CLASSIFY.c
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from edgediag.host.netfilter.xt.option import WHOLE, Blob, Decoders, joined

_MANGLE: Final = struct.Struct("=16s16s4s4sB3xi")
_MAC_OCTETS: Final = 6
# By flag, in the order of the kernel: the option, and where the field begins in the message.
_FIELDS: Final = (
    (4, "--mangle-ip-s", 14),
    (1, "--mangle-mac-s", 8),
    (8, "--mangle-ip-d", 24),
    (2, "--mangle-mac-d", 18),
)
_DROP, _ACCEPT, _CONTINUE = 0, 1, -1
_TWO_NUMBERS: Final = struct.Struct("=II")
_NUMBER: Final = struct.Struct("=I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mangle:
    """What a target writes into a message of Ethernet and IPv4.

    fields   option, place in the message and octets of each
    verdict  0 to drop the message, 1 to accept it, -1 to ask the next rule
    """

    fields: tuple[tuple[str, int, bytes], ...]
    verdict: int


def decode_mangle(octets: bytes) -> Mangle | None:
    """The struct arpt_mangle, None where it is too short or has a verdict the kernel refuses."""
    if len(octets) < _MANGLE.size:
        return None
    sender_mac, target_mac, sender, target, flags, verdict = _MANGLE.unpack_from(octets)
    if verdict not in (_DROP, _ACCEPT, _CONTINUE):
        return None
    values = (sender, sender_mac[:_MAC_OCTETS], target, target_mac[:_MAC_OCTETS])
    return Mangle(
        fields=tuple(
            (option, at, value)
            for (flag, option, at), value in zip(_FIELDS, values, strict=True)
            if flags & flag
        ),
        verdict=verdict,
    )


def _mangle_words(blob: Blob) -> str | None:
    mangle = decode_mangle(blob.octets)
    return None if mangle is None else joined(_parts(mangle))


def _parts(mangle: Mangle) -> Iterator[str]:
    for option, _, value in mangle.fields:
        is_mac = len(value) == _MAC_OCTETS
        yield f"{option} {value.hex(':') if is_mac else IPv4Address(value)}"
    if mangle.verdict != _ACCEPT:
        yield f"--mangle-target {'DROP' if mangle.verdict == _DROP else 'CONTINUE'}"


def _set_mark(blob: Blob) -> str:
    """arptables sets a mark with mask 0, which the kernel takes for an exclusive or."""
    mark, mask = blob.numbers(_TWO_NUMBERS)
    if not mark:
        return f"--and-mark {~mask & WHOLE:x}"
    return f"--{'or' if mark == mask else 'set'}-mark {mark:x}"


def _classify(blob: Blob) -> str:
    (class_,) = blob.numbers(_NUMBER)
    return f"--set-class {class_ >> 16:x}:{class_ & 0xFFFF:x}"


MANGLE: Final = "mangle"
TARGETS: Final[Decoders] = {
    ("CLASSIFY", 0): _classify,
    ("MARK", 2): _set_mark,
    (MANGLE, 0): _mangle_words,
}
