"""The header behind that of IPv6 in each piece of a packet: how it is known, how it is laid out.

source  RFC 8200 §4.5
"""

from typing import Final

NUMBER: Final = 44
OCTETS: Final = 8

# Of the third and fourth octets: the offset in octets; the lowest bit says that more pieces follow.
OFFSET: Final = 0xFFF8
OFFSET_AT: Final = 2


def offset_in(header: bytes) -> int:
    """Where a piece begins in what was cut, in octets."""
    return int.from_bytes(header[OFFSET_AT : OFFSET_AT + 2], "big") & OFFSET
