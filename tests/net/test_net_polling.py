"""What can be read is seen, whatever the descriptor's number."""

import os
import resource
import socket
import time
from collections.abc import Iterator

import pytest

from edgediag.net.polling import is_readable

# What select(2) does not take any more.
_BEYOND = 1024


@pytest.fixture
def ends() -> Iterator[tuple[int, socket.socket]]:
    """A descriptor with a high number, and the socket that is heard there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    near, far = socket.socketpair()
    with near, far:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _BEYOND + 1), hard))
        try:
            high = os.dup2(near.fileno(), _BEYOND)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield high, far
        os.close(high)


def test_what_waits_is_seen_at_once(ends: tuple[int, socket.socket]) -> None:
    high, far = ends
    far.send(b"x")
    assert is_readable(high, 0.0)


@pytest.mark.parametrize("timeout_s", [-1.0, 0.0, 0.05])
def test_where_nothing_comes_it_waits_no_longer(
    ends: tuple[int, socket.socket], timeout_s: float
) -> None:
    begun_s = time.monotonic()
    assert not is_readable(ends[0], timeout_s)
    assert max(0.0, timeout_s) <= time.monotonic() - begun_s < 5.0
