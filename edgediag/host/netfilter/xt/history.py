"""Matches by when packets come: recent, time.

source  include/uapi/linux/netfilter/xt_recent.h, xt_time.h
"""

import struct
from datetime import datetime, timedelta
from typing import Final

from edgediag.host.netfilter.xt.option import Blob, Decoders, flagged, joined, named, option

_RECENT: Final = struct.Struct("=IIBB200sB")
_MASK_AT: Final = 211
_CHECKS: Final = {2: "--set", 1: "--rcheck", 4: "--update", 8: "--remove"}
_REAP, _HOP_LIMIT = 0x20, 0x10
_TIME: Final = struct.Struct("=IIIIIBB")
_DAY_END: Final = 24 * 60 * 60 - 1
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ALL_WEEKDAYS, _ALL_MONTHDAYS = 0xFE, 0xFFFFFFFE
_LOCAL, _CONTIGUOUS = 1, 2
_EPOCH: Final = datetime(1970, 1, 1)


def _recent(blob: Blob) -> str:
    seconds, hits, flags, inverted, name, side = blob.numbers(_RECENT)
    check = next(iter(flagged(flags, _CHECKS)), "")
    # The mask lies behind the side, on the next multiple of four.
    mask = str(blob.address(_MASK_AT + 1)) if blob.revision else ""
    return joined(
        (
            option(check, "", inverted) if check else "",
            option("--seconds", seconds) if seconds else "",
            option("--hitcount", hits) if hits else "",
            "--reap" if flags & _REAP else "",
            "--rttl" if flags & _HOP_LIMIT else "",
            option("--name", named(name)),
            option("--mask", mask) if mask else "",
            "--rdest" if side else "--rsource",
        )
    )


def _time(blob: Blob) -> str:
    first, last, day_start, day_end, monthdays, weekdays, flags = blob.numbers(_TIME)
    is_daytime = (day_start, day_end) != (0, _DAY_END)
    return joined(
        (
            f"--timestart {_clock(day_start)} --timestop {_clock(day_end)}" if is_daytime else "",
            _days("--monthdays", monthdays, _ALL_MONTHDAYS),
            _days("--weekdays", weekdays, _ALL_WEEKDAYS),
            option("--datestart", _date(first)) if first else "",
            option("--datestop", _date(last)) if last else "",
            "--kerneltz" if flags & _LOCAL else "",
            "--contiguous" if flags & _CONTIGUOUS else "",
        )
    )


def _days(name: str, days: int, every: int) -> str:
    if days == every:
        return ""
    numbers = [bit for bit in range(1, every.bit_length()) if days >> bit & 1]
    names = (_WEEKDAYS[bit - 1] if every == _ALL_WEEKDAYS else str(bit) for bit in numbers)
    return option(name, ",".join(names))


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def _date(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


MATCHES: Final[Decoders] = {
    ("recent", 0): _recent,
    ("recent", 1): _recent,
    ("time", 0): _time,
}
