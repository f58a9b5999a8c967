"""Source ports of the run's own, held so that no application shares a flow with a probe."""

import errno
import random
import resource
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from edgediag.errors import CannotRunError
from edgediag.net.closing import Closing

MAX_PORTS = 1000

_FIRST_PORT = 20000
_LAST_PORT = 60000
_ATTEMPTS = 64

# Kubernetes' default --service-node-port-range: a reply to such a port may be taken for a request
# to a NodePort and sent on to a pod.
_NODE_PORTS = range(30000, 32768)

# What the rest of the program opens besides, with room to spare.
_OTHER_DESCRIPTORS = 256

# linux/in.h; Python names the first two from 3.14 on, the others not at all.
IP_RECVERR = 11
IP_PKTINFO = 8
_IP_MTU_DISCOVER = 10
_IP_PMTUDISC_DO = 2


class PortBlock(Closing):
    """A contiguous block of ports, each bound for UDP and for TCP on every address of the node.

    A TCP socket that is bound but does not listen leaves an unexpected SYN-ACK to the kernel, which
    answers it with a reset (RFC 9293 §3.10.7.1). So no half-open connection stays with a server.
    Linux gives a port that was bound by its number to no other socket, not even for a connect().
    """

    def __init__(
        self, first_port: int, udp: tuple[socket.socket, ...], tcp: tuple[socket.socket, ...]
    ) -> None:
        self.numbers = range(first_port, first_port + len(udp))
        self._udp = udp
        self._tcp = list(tcp)

    def udp(self, port: int) -> socket.socket:
        """The held UDP socket: non-blocking, sends with DF set, queues its errors (ip(7))."""
        return self._udp[self.numbers.index(port)]

    def tcp(self, port: int) -> socket.socket:
        """The held TCP socket: non-blocking, not connected.

        Where it was closed after use, a fresh one is bound, in the caller's network namespace.

        raises  OSError where another program has taken the port in between
        """
        index = self.numbers.index(port)
        if self._tcp[index].fileno() < 0:
            self._tcp[index] = _bound(socket.SOCK_STREAM, port)
        return self._tcp[index]

    def close(self) -> None:
        """Give all ports back."""
        for held in (*self._udp, *self._tcp):
            held.close()


def hold_ports(count: int, *, bases: Iterable[int] | None = None) -> PortBlock:
    """Hold `count` ports, 1 to 1000, from the first base where all of them are free.

    bases   ports to begin at; drawn at random by default
    raises  CannotRunError where no block is free, or not enough descriptors may be opened
    """
    if not 1 <= count <= MAX_PORTS:
        raise CannotRunError(
            f"cannot hold {count} source ports: the most is {MAX_PORTS}; check fewer targets"
        )
    _allow_descriptors(2 * count + _OTHER_DESCRIPTORS)
    for base in _random_bases(count) if bases is None else bases:
        block = _hold(base, count)
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


def _hold(base: int, count: int) -> PortBlock | None:
    """The block from `base` on, or None where one of its ports is taken."""
    ports = range(base, base + count)
    with ExitStack() as undo:
        try:
            udp = tuple(undo.enter_context(_bound(socket.SOCK_DGRAM, port)) for port in ports)
            tcp = tuple(undo.enter_context(_bound(socket.SOCK_STREAM, port)) for port in ports)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return None
            raise CannotRunError(
                f"cannot hold source ports {base} to {base + count - 1}: {exc.strerror}"
            ) from exc
        for held in udp:
            held.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            held.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            held.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)
        undo.pop_all()
        return PortBlock(base, udp, tcp)


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, kind)
    try:
        held.setblocking(False)
        held.bind(("0.0.0.0", port))
    except OSError:
        held.close()
        raise
    return held


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
