"""A network of the tests' own, where the kernel itself can be asked."""

import ctypes
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator

import pytest

CLONE_NEWNET = 0x40000000
"""linux/sched.h."""


@pytest.fixture
def private_network() -> Iterator[None]:
    """This thread is in a network namespace that has a loopback and no name; it dies with us."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make a network namespace")
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield
    finally:
        libc.setns(before, CLONE_NEWNET)
        os.close(before)


@pytest.fixture
def tun(private_network: None) -> Iterator[int]:
    """The device eWtun0 without a link layer: what is written here arrives there."""
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"needs /dev/net/tun: {error.strerror}")
    try:
        # TUNSETIFF with IFF_TUN | IFF_NO_PI (linux/if_tun.h).
        fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH22x", b"eWtun0", 0x1001))
        subprocess.run(["ip", "link", "set", "eWtun0", "up"], check=True)
        yield descriptor
    finally:
        os.close(descriptor)
