"""The time servers' answers, as octets (RFC 5905 §7.3)."""

import struct
from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.services.catalog import Mode

PACKET = struct.Struct("!BBbbII4sQQQQ")
MODE_CLIENT, MODE_SERVER = 3, 4
UNIX_EPOCH_S = 2_208_988_800
PRECISION = -20
LEAP_UNSYNCHRONISED = 3
AHEAD_S = 900.0
# Stratum 0 makes the reference id a kiss code (RFC 5905 §7.4).
KISS_CODES: Mapping[Mode, bytes] = MappingProxyType({Mode.KISS: b"RATE", Mode.KISS_DENY: b"DENY"})


def answer(request: bytes, mode: Mode, now_s: float) -> bytes | None:
    """The response to a client request, or None where nothing is to be said.

    now_s  seconds since 1970, the server's clock
    """
    if mode is Mode.SILENT or len(request) < PACKET.size or request[0] & 7 != MODE_CLIENT:
        return None
    leap, stratum, reference = _quality(mode)
    version = request[0] >> 3 & 7
    origin = PACKET.unpack_from(request)[-1]
    now = _timestamp(now_s + AHEAD_S if mode is Mode.AHEAD else now_s)
    first = leap << 6 | version << 3 | MODE_SERVER
    return PACKET.pack(
        first, stratum, request[2] & 0x7F, PRECISION, 0, 0, reference, now, origin, now, now
    )


def _quality(mode: Mode) -> tuple[int, int, bytes]:
    """Leap indicator, stratum and reference id."""
    if mode is Mode.UNSYNCHRONISED:
        return LEAP_UNSYNCHRONISED, 16, b"INIT"
    if mode in KISS_CODES:
        return LEAP_UNSYNCHRONISED, 0, KISS_CODES[mode]
    return 0, 2, bytes((192, 0, 2, 200))


def _timestamp(seconds: float) -> int:
    """NTP timestamp format: 32 bits of seconds since 1900, 32 bits of fraction (§6)."""
    return int((seconds + UNIX_EPOCH_S) * (1 << 32)) & 0xFFFF_FFFF_FFFF_FFFF
