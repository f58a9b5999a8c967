"""The randomness of a run, drawn in one place."""

import secrets
from collections.abc import Iterator


def tokens() -> Iterator[int]:
    """64 random bits each, without end; nobody can guess a sequence number, SPI or nonce."""
    while True:
        yield secrets.randbits(64)


def first_ip_id() -> int:
    """0 to 65535."""
    return secrets.randbits(16)


def run_suffix() -> str:
    """Eight hex digits that tell two runs of one second apart."""
    return secrets.token_hex(4)
