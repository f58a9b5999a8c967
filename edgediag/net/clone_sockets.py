"""Sockets that take what comes in, held open in a copy so that packets fare there as here."""

import socket
from collections.abc import Iterable
from contextlib import suppress

from edgediag.model.flow import Protocol
from edgediag.model.listener import Listener

_KINDS = {Protocol.TCP: socket.SOCK_STREAM, Protocol.UDP: socket.SOCK_DGRAM}


def hold(listeners: Iterable[Listener]) -> tuple[socket.socket, ...]:
    """A socket for each, bound where it is bound on this host; nobody answers.

    What cannot be bound is left out: a packet for it then fares otherwise, and that is noticed.
    """
    held: list[socket.socket] = []
    for listener in dict.fromkeys(listeners):
        kind = _KINDS.get(listener.protocol)
        if kind is not None:
            with suppress(OSError):
                held.append(_held(listener, kind))
    return tuple(held)


def _held(listener: Listener, kind: socket.SocketKind) -> socket.socket:
    is_v4 = listener.address.version == 4
    sock = socket.socket(socket.AF_INET if is_v4 else socket.AF_INET6, kind)
    try:
        # Both families of a port are two sockets here, and several of one port are allowed.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if not is_v4:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((str(listener.address), listener.port))
        if kind is socket.SOCK_STREAM:
            sock.listen(1)
    except OSError:
        sock.close()
        raise
    return sock
