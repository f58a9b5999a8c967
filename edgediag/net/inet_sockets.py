"""Reads the sockets of this network namespace by NETLINK_SOCK_DIAG.

Not by pyroute2, which is right about them: it takes 0.3 ms a socket and 0.1 s to import, and a walk
asks of one port whether any of thousands of sockets has it.
"""

import socket
from typing import Final

from edgediag.host.inet_sockets import InetSocket, decode_inet_socket, dump_request
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol
from edgediag.net.degraded import degraded
from edgediag.net.netlink import NetlinkSocket, Refusal

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NUMBERS: Final = {Protocol.TCP: socket.IPPROTO_TCP, Protocol.UDP: socket.IPPROTO_UDP}


def read_inet_sockets(
    protocol: Protocol, states: tuple[int, ...], *, port: int = 0
) -> tuple[InetSocket, ...] | NotChecked:
    """The sockets of both families in one of the states, of one local port unless that is 0."""
    return degraded("sockets", lambda: _read(protocol, states, port))


def _read(
    protocol: Protocol, states: tuple[int, ...], port: int
) -> tuple[InetSocket, ...] | NotChecked:
    found: list[InetSocket] = []
    with NetlinkSocket(_NETLINK_SOCK_DIAG) as netlink:
        for family in (socket.AF_INET, socket.AF_INET6):
            request = dump_request(family, _NUMBERS[protocol], states, port)
            dump = netlink.dump(_SOCK_DIAG_BY_FAMILY, request)
            if isinstance(dump, Refusal):
                return NotChecked(reason=f"cannot read sockets: {dump.errno_name}")
            decoded = (decode_inet_socket(message.payload) for message in dump.messages)
            found += [each for each in decoded if each is not None]
    return tuple(found)
