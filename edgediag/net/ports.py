"""Source ports of the run's own, held so that no application shares a flow with a probe."""

import errno
import random
import resource
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import product
from typing import TypeAlias

from edgediag.errors import CannotRunError
from edgediag.net.closing import Closing
from edgediag.net.families import bound, is_supported, prepare_datagrams

MAX_PORTS = 1000

_FIRST_PORT = 20000
_LAST_PORT = 60000
_ATTEMPTS = 64

# Kubernetes' default --service-node-port-range: a reply to such a port may be taken for a request
# to a NodePort and sent on to a pod.
_NODE_PORTS = range(30000, 32768)

# What the rest of the program opens besides, with room to spare.
_OTHER_DESCRIPTORS = 256

_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)

_Key: TypeAlias = tuple[int, socket.SocketKind, int]
"""IP version, kind and port of a held socket."""


class PortBlock(Closing):
    """A contiguous block of ports, each bound for UDP and for TCP on every address of the node.

    A TCP socket that is bound but does not listen leaves an unexpected SYN-ACK to the kernel, which
    answers it with a reset (RFC 9293 §3.10.7.1). So no half-open connection stays with a server.
    Linux gives a port that was bound by its number to no other socket, not even for a connect().

    versions  the IP versions that the ports are held for
    """

    def __init__(self, numbers: range, held: Mapping[_Key, socket.socket]) -> None:
        self.numbers = numbers
        self.versions = frozenset(version for version, _, _ in held)
        self._held = dict(held)

    def udp(self, port: int, version: int = 4) -> socket.socket:
        """The held UDP socket: non-blocking, sends with DF set, queues its errors (ip(7))."""
        return self._held[version, socket.SOCK_DGRAM, port]

    def tcp(self, port: int, version: int = 4) -> socket.socket:
        """The held TCP socket: non-blocking, not connected.

        Where it was closed after use, a fresh one is bound, in the caller's network namespace.

        raises  OSError where another program has taken the port in between
        """
        key = (version, socket.SOCK_STREAM, port)
        if self._held[key].fileno() < 0:
            self._held[key] = bound(*key)
        return self._held[key]

    def close(self) -> None:
        """Give all ports back."""
        for held in self._held.values():
            held.close()


def hold_ports(
    count: int, *, versions: Sequence[int] = (4,), bases: Iterable[int] | None = None
) -> PortBlock:
    """Hold `count` ports, 1 to 1000, from the first base where all of them are free.

    versions  the IP versions whose flows are to be sent; what the kernel lacks is left out
    bases   ports to begin at; drawn at random by default
    raises  CannotRunError where no block is free, or not enough descriptors may be opened
    """
    if not 1 <= count <= MAX_PORTS:
        raise CannotRunError(
            f"cannot hold {count} source ports: the most is {MAX_PORTS}; check fewer targets"
        )
    versions = tuple(filter(is_supported, versions))
    _allow_descriptors(len(versions) * len(_KINDS) * count + _OTHER_DESCRIPTORS)
    for base in _random_bases(count) if bases is None else bases:
        block = _hold(range(base, base + count), versions)
        if block is not None:
            return block
    raise CannotRunError(
        f"cannot hold {count} source ports in a row: no such block is free between {_FIRST_PORT} "
        f"and {_LAST_PORT}; stop programs that hold ports there, see `ss -Htuan`"
    )


def _random_bases(count: int) -> Iterator[int]:
    bases = [
        base
        for base in range(_FIRST_PORT, _LAST_PORT - count + 1)
        if base + count <= _NODE_PORTS.start or base >= _NODE_PORTS.stop
    ]
    return iter(random.sample(bases, _ATTEMPTS))


def _hold(ports: range, versions: Sequence[int]) -> PortBlock | None:
    """The block of these ports, or None where one of them is taken."""
    with ExitStack() as undo:
        try:
            held = {
                key: undo.enter_context(bound(*key)) for key in product(versions, _KINDS, ports)
            }
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return None
            raise CannotRunError(
                f"cannot hold source ports {ports.start} to {ports.stop - 1}: {exc.strerror}"
            ) from exc
        for (version, kind, _), opened in held.items():
            if kind is socket.SOCK_DGRAM:
                prepare_datagrams(opened, version)
        undo.pop_all()
        return PortBlock(ports, held)


def _allow_descriptors(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    try:
        ceiling = hard if hard == resource.RLIM_INFINITY else max(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, ceiling))
    except (OSError, ValueError) as exc:
        raise CannotRunError(
            f"cannot open {needed} descriptors: the limit is {soft} and may not be raised above "
            f"{hard}; run `ulimit -n {needed}` first, or check fewer targets"
        ) from exc
