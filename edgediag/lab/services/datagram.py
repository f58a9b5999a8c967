"""Datagram sockets of one service, answered from the event loop."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from edgediag.lab.services import dns, ike, ntp
from edgediag.lab.services.catalog import ZONE, ZONE_6, Kind, Mode

MAX_DATAGRAM_OCTETS = 65_535
# <linux/in.h>, <linux/in6.h>; the socket module does not name them on every supported Python.
IP_FREEBIND = 15
IPV6_FREEBIND = 78

ANSWERS: Mapping[Kind, Callable[[bytes, Mode, tuple[str, int]], bytes | None]] = MappingProxyType(
    {
        Kind.DNS: lambda datagram, mode, _: dns.answer(datagram, mode, ZONE, ZONE_6),
        Kind.NTP: lambda datagram, mode, _: ntp.answer(datagram, mode, time.time()),
        Kind.IKE: ike.answer,
    }
)


def open_datagram(kind: Kind, mode: Mode, address: str, port: int) -> socket.socket:
    """A bound socket whose datagrams are answered in the given mode until it is closed."""
    sock = bound_socket(socket.SOCK_DGRAM, address, port)
    answer = ANSWERS[kind]

    def on_readable() -> None:
        try:
            datagram, sender = sock.recvfrom(MAX_DATAGRAM_OCTETS)
            reply = answer(datagram, mode, sender)
            if reply is not None:
                sock.sendto(reply, sender)
        except OSError:
            # An ICMP error of an earlier answer, or a full queue: the client asks again.
            return

    asyncio.get_running_loop().add_reader(sock, on_readable)
    return sock


def bound_socket(type_: int, address: str, port: int) -> socket.socket:
    """A socket bound to an address that the node need not have yet, not blocking."""
    is_six = ":" in address
    sock = socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, type_)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_six:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sock.setblocking(False)
    sock.bind((address, port))
    return sock
