"""Matches by what a packet holds: string and u32.

source  include/uapi/linux/netfilter/xt_string.h, xt_u32.h
"""

import struct
from collections.abc import Sequence
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.xt.option import Blob, Decoders, joined, option, span

_STRING: Final = struct.Struct("=HH16s128sBB")
_TO_THE_END: Final = 0xFFFF
_INVERTED, _ANY_CASE = 1, 2
_PRINTABLE: Final = frozenset(range(0x20, 0x7F))

_MOST: Final = 11
_TEST: Final = struct.Struct("=" + "IB3x" * _MOST + "II" * _MOST + "BB2x")
_TESTS_AT_MOST: Final = 11
_TAIL: Final = struct.Struct("=BB")
_SIGNS: Final = ("&", "<<", ">>", "@")


def _string(blob: Blob) -> str:
    first, last, algorithm, pattern, length, flags = blob.numbers(_STRING)
    # Revision 0 has a bool in the place of the flags.
    inverted = flags if not blob.revision else flags & _INVERTED
    return joined(
        (
            _pattern(pattern[:length], inverted),
            option("--algo", text(algorithm)),
            option("--from", first) if first else "",
            option("--to", last) if last != _TO_THE_END else "",
            "--icase" if blob.revision and flags & _ANY_CASE else "",
        )
    )


def _pattern(pattern: bytes, inverted: int) -> str:
    is_text = set(pattern) <= _PRINTABLE and not pattern.endswith(b"\\")
    if not is_text:
        return option("--hex-string", f'"|{pattern.hex()}|"', inverted)
    words = "".join(f"\\{letter}" if letter in '"\\' else letter for letter in pattern.decode())
    return option("--string", f'"{words}"', inverted)


def _u32(blob: Blob) -> str:
    count, inverted = blob.numbers(_TAIL, _TESTS_AT_MOST * _TEST.size)
    tests = (
        _test(blob.numbers(_TEST, index * _TEST.size))
        for index in range(min(count, _TESTS_AT_MOST))
    )
    return option("--u32", f'"{"&&".join(tests)}"', inverted)


def _test(fields: Sequence[int]) -> str:
    """One test: where to look, and the values that will do."""
    locations, values = fields[: 2 * _MOST], fields[2 * _MOST : 4 * _MOST]
    number_count, value_count = fields[-2:]
    words = f"0x{locations[0]:x}"
    for index in range(1, min(number_count, _MOST)):
        number, operation = locations[2 * index : 2 * index + 2]
        sign = _SIGNS[operation] if operation < len(_SIGNS) else f"[{operation}]"
        words += f"{sign}0x{number:x}"
    ranges = (
        span(f"0x{values[2 * index]:x}", f"0x{values[2 * index + 1]:x}")
        for index in range(min(value_count, _MOST))
    )
    return f"{words}={','.join(ranges)}"


MATCHES: Final[Decoders] = {
    ("string", 0): _string,
    ("string", 1): _string,
    ("u32", 0): _u32,
}
