"""The 64 random bits of a probe, as the octets and numbers that protocols want."""

import hashlib
from typing import Final

TOKEN_OCTETS: Final = 8


def token_octets(token: int) -> bytes:
    """The token itself, the highest octet first."""
    return token.to_bytes(TOKEN_OCTETS, "big")


def derived_octets(token: int, *, label: str, count: int) -> bytes:
    """Octets that look random and follow from the token; another label, other octets."""
    return hashlib.shake_256(label.encode() + token_octets(token)).digest(count)
