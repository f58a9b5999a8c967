"""Matches that count or draw lots: limit, hashlimit, quota, statistic.

source  include/uapi/linux/netfilter/xt_limit.h, xt_hashlimit.h, xt_quota.h, xt_statistic.h
"""

import struct
from typing import Final

from edgediag.host.netfilter.xt.option import WHOLE, Blob, Decoders, flagged, joined, named, option

_LIMIT: Final = struct.Struct("=II")
_DEFAULT_BURST: Final = 5
_SECONDS: Final = {"day": 86400, "hour": 3600, "min": 60, "sec": 1}
# XT_LIMIT_SCALE, and XT_HASHLIMIT_SCALE by revision: parts of a second.
_SCALE: Final = 10000
_HASH_SCALES: Final = {1: 10000, 2: 1000000, 3: 1000000}
_HASH_NAMES: Final = {1: 16, 2: 255, 3: 255}
_HASH_STARTS: Final = {1: 16, 2: 256, 3: 256}
_HASH_1: Final = struct.Struct("=IIIIIIIBB")
_HASH_2: Final = struct.Struct("=QQIIIIIBB")
_HASH_3: Final = struct.Struct("=QQIIIIIIBB")
_MODES: Final = {4: "srcip", 8: "srcport", 1: "dstip", 2: "dstport"}
_INVERTED, _OCTETS, _RATE_MATCH = 0x10, 0x20, 0x40
_OCTET_SHIFT: Final = 4
_SIZES: Final = {"m": 2**20, "k": 2**10, "": 1}
_GC_INTERVAL: Final = 1000
_EXPIRE, _EXPIRE_BURST = 15_000, 60_000
_MASK_LENGTHS: Final = {"ip": 32, "ip6": 128}
_QUOTA: Final = struct.Struct("=IIQ")
_STATISTIC: Final = struct.Struct("=HHII")
_CERTAIN: Final = 0x80000000


def _limit(blob: Blob) -> str:
    period, burst = blob.numbers(_LIMIT)
    words, _ = _rate(period, _SCALE)
    return joined(
        (
            option("--limit", words),
            option("--limit-burst", burst) if burst != _DEFAULT_BURST else "",
        )
    )


def _rate(period: int, scale: int) -> tuple[str, int]:
    """A rate in the largest unit that loses little of it, and that unit in seconds."""
    if not period:
        return "inf", 0
    unit, seconds = "day", _SECONDS["day"]
    for shorter, shorter_s in list(_SECONDS.items())[1:]:
        parts = scale * shorter_s
        if period > parts or parts // period < parts % period:
            break
        unit, seconds = shorter, shorter_s
    return f"{scale * seconds // period}/{unit}", seconds


def _hashlimit(blob: Blob) -> str:
    start = _HASH_STARTS[blob.revision]
    name = blob.octets[: _HASH_NAMES[blob.revision]]
    interval = 1
    if blob.revision == 1:
        mode, period, burst, *rest = blob.numbers(_HASH_1, start)
    else:
        layout = _HASH_2 if blob.revision == 2 else _HASH_3
        period, burst, mode, *rest = blob.numbers(layout, start)
    size, most, gc_interval, expire, *rest = rest
    if blob.revision == 3:
        interval, *rest = rest
    if mode & _OCTETS:
        rate, usual_expire = _octet_rate(period, burst)
    else:
        words, seconds = _rate(period, _HASH_SCALES[blob.revision])
        rate, usual_expire = f"{words} --hashlimit-burst {burst}", seconds * 1000
    length = _MASK_LENGTHS.get(blob.family, 32)
    is_matched = blob.revision == 3 and mode & _RATE_MATCH
    return joined(
        (
            option("--hashlimit-above" if mode & _INVERTED else "--hashlimit-upto", rate),
            _unless("mode", ",".join(flagged(mode, _MODES)), ""),
            option("--hashlimit-name", named(name)),
            _unless("htable-size", size, 0),
            _unless("htable-max", most, 0),
            _unless("htable-gcinterval", gc_interval, _GC_INTERVAL),
            _unless("htable-expire", expire, usual_expire),
            _unless("srcmask", rest[0], length),
            _unless("dstmask", rest[1], length),
            "--hashlimit-rate-match" if is_matched else "",
            _unless("rate-interval", interval, 1) if is_matched else "",
        )
    )


def _unless(name: str, value: object, usual: object) -> str:
    return "" if value == usual else option(f"--hashlimit-{name}", value)


def _octet_rate(cost: int, burst: int) -> tuple[str, int]:
    """A rate in octets a second, as the kernel counts them in units of 16."""
    rate = ((WHOLE // cost if cost else WHOLE) - 1) << _OCTET_SHIFT
    unit = next(
        (
            name
            for name, octets in _SIZES.items()
            if rate >= octets and _cost(rate // octets * octets) == cost
        ),
        "",
    )
    words = f"{max(rate, 0) // _SIZES[unit]}{unit}b/s"
    if not burst:
        return words, _EXPIRE
    octets = max(rate, 0) * burst
    unit = next((name for name, least in _SIZES.items() if octets >= least), "")
    return f"{words} --hashlimit-burst {octets // _SIZES[unit]}{unit}b", _EXPIRE_BURST


def _cost(octets: int) -> int:
    return WHOLE // (((octets >> _OCTET_SHIFT) & WHOLE) + 1)


def _quota(blob: Blob) -> str:
    flags, _, quota = blob.numbers(_QUOTA)
    return option("--quota", quota, flags & 1)


def _statistic(blob: Blob) -> str | None:
    mode, flags, first, packet = blob.numbers(_STATISTIC)
    if mode == 0:
        probability = option("--probability", f"{first / _CERTAIN:.11f}", flags & 1)
        return f"--mode random {probability}"
    if mode == 1:
        every = option("--every", first + 1, flags & 1)
        return f"--mode nth {every} --packet {packet}"
    return None


MATCHES: Final[Decoders] = {
    **{("hashlimit", revision): _hashlimit for revision in _HASH_STARTS},
    ("limit", 0): _limit,
    ("quota", 0): _quota,
    ("statistic", 0): _statistic,
}
