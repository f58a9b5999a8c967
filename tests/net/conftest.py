"""Two nodes on one wire, each a network namespace that only a descriptor holds.

So they vanish however the tests end; a pair is made in 10 ms.
"""

import ctypes
import errno
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from edgediag.lab.certificates import Certificate, certificate_in, ensure_certificate

CLONE_NEWNET = 0x40000000
"""linux/sched.h."""

_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Node:
    """A network namespace with its own loopback."""

    descriptor: int

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What this thread opens or starts meanwhile belongs to the node."""
        before = _own_namespace()
        try:
            _check(_LIBC.setns(self.descriptor, CLONE_NEWNET))
            yield
        finally:
            _check(_LIBC.setns(before, CLONE_NEWNET))
            os.close(before)

    def run(self, *commands: str) -> None:
        """Run commands in the node."""
        with self.inside():
            for command in commands:
                subprocess.run(command.split(), check=True)

    def output(self, command: str) -> str:
        """What a command says in the node."""
        with self.inside():
            done = subprocess.run(command.split(), check=True, capture_output=True, text=True)
        return done.stdout


@dataclass(frozen=True)
class TwoNodes:
    """`node` is 192.0.2.1 with its default route over `peer`, 192.0.2.2 and 198.51.100.2."""

    node: Node
    peer: Node


@pytest.fixture
def two_nodes(needs_root: None) -> Iterator[TwoNodes]:
    """Two fresh nodes; the wire carries packets."""
    nodes = TwoNodes(node=_new_node(), peer=_new_node())
    try:
        _wire(nodes)
        _await_packets(nodes.node)
        yield nodes
    finally:
        os.close(nodes.node.descriptor)
        os.close(nodes.peer.descriptor)


def _wire(nodes: TwoNodes) -> None:
    """Connect them; without an address of IPv6 they do not look for neighbours by themselves."""
    namespace = f"/proc/{os.getpid()}/fd/{nodes.peer.descriptor}"
    nodes.node.run(
        f"ip link add up0 address 02:00:00:00:00:01 type veth peer name down0 netns {namespace}",
        "ip link set up0 addrgenmode none",
        "ip address add 192.0.2.1/24 dev up0",
        "ip link set up0 up",
        "ip link set lo up",
    )
    nodes.peer.run(
        "ip link set down0 address 02:00:00:00:00:02 addrgenmode none",
        "ip address add 192.0.2.2/24 dev down0",
        "ip address add 198.51.100.2/32 dev lo",
        "ip link set down0 up",
        "ip link set lo up",
        # Else the tests have to share one ICMP error a second.
        "sysctl -q net.ipv4.icmp_ratelimit=0",
    )
    nodes.node.run("ip route add default via 192.0.2.2")


def _await_packets(node: Node) -> None:
    """Up to a second passes until a fresh veth pair carries packets."""
    deadline_s = time.monotonic() + 5.0
    while time.monotonic() < deadline_s:
        with node.inside(), socket.socket() as asking:
            asking.settimeout(0.1)
            if asking.connect_ex(("192.0.2.2", 9)) == errno.ECONNREFUSED:
                return
    pytest.fail("the wire between the two nodes carries no packets after 5 s")


def _new_node() -> Node:
    before = _own_namespace()
    try:
        _check(_LIBC.unshare(CLONE_NEWNET))
        return Node(_own_namespace())
    finally:
        _check(_LIBC.setns(before, CLONE_NEWNET))
        os.close(before)


def _own_namespace() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The lab's own certificates, a right one and those with flaws."""
    root = tmp_path_factory.mktemp("certificates")
    ensure_certificate(root)
    return certificate_in(root)
