"""The beginning of what a server of HTTP/2 says."""

import struct
from typing import Final

_HEADER: Final = struct.Struct("!HBBBI")
HEADER_OCTETS: Final = _HEADER.size

_SETTINGS: Final = 4
_ACK: Final = 1
_ONE_SETTING: Final = 6
_MOST_OCTETS: Final = 16_384


def begins_with_settings(octets: bytes) -> bool | None:
    """True if a frame of SETTINGS comes first, as it must; None while its header is not whole.

    raises  nothing
    source  RFC 9113 §3.4, §4.1, §6.5
    """
    if len(octets) < HEADER_OCTETS:
        return None
    high, low, type_, flags, stream = _HEADER.unpack_from(octets)
    length = high << 8 | low
    is_frame = length <= _MOST_OCTETS and length % _ONE_SETTING == 0
    return type_ == _SETTINGS and not flags & _ACK and stream == 0 and is_frame
