"""Which socket takes a packet that comes in (sock_diag(7)); filters of sockets are not read."""

import socket
from ipaddress import IPv6Address
from typing import Final

from pyroute2 import DiagSocket

from edgediag.host.dumped import Dumped, address, number
from edgediag.host.listeners import TCP_LISTEN, UDP_UNCONNECTED, decode_listener
from edgediag.host.walk.needs import NeedSocket, Taken
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol
from edgediag.model.host import Listener
from edgediag.net.degraded import degraded
from edgediag.net.plain import plain_all

_CONNECTED: Final = 1
_KINDS: Final = {
    Protocol.TCP: (socket.IPPROTO_TCP, 1 << TCP_LISTEN),
    Protocol.UDP: (socket.IPPROTO_UDP, 1 << UDP_UNCONNECTED | 1 << _CONNECTED),
}


def taken(need: NeedSocket) -> Taken | NotChecked:
    """Whether a socket takes the packet; where none does, which listen beside it."""
    found = degraded("sockets", lambda: _on_port(need))
    if isinstance(found, NotChecked):
        return found
    flow = need.flow
    port = f"{flow.protocol.value} {flow.destination_port}"
    fitting = [text for is_fitting, text in found if is_fitting]
    if fitting:
        return Taken(is_taken=True, text=f"a socket listens on {port} ({fitting[0]})")
    beside = ", ".join(dict.fromkeys(text for _, text in found))
    only = f" of {flow.destination}, only on {beside}" if beside else ""
    return Taken(is_taken=False, text=f"no socket listens on {port}{only}")


def _on_port(need: NeedSocket) -> list[tuple[bool, str]]:
    """Every socket with the port: whether it takes the packet, and its name."""
    flow = need.flow
    protocol, states = _KINDS[flow.protocol]
    found: list[tuple[bool, str]] = []
    with DiagSocket() as netlink:
        netlink.bind()
        for family in (socket.AF_INET, socket.AF_INET6):
            # Chosen by the kernel: a busy node has thousands, and decoding one takes 0.3 ms.
            dump = netlink.get_sock_stats(
                family=family, states=states, protocol=protocol, sport=flow.destination_port
            )
            for message in plain_all(dump):
                listeners = decode_listener(message, flow.protocol)
                found += [
                    _fits(need, message, listener)
                    for listener in listeners
                    if listener.port == flow.destination_port
                ]
    return found


def _fits(need: NeedSocket, message: Dumped, listener: Listener) -> tuple[bool, str]:
    flow, device = need.flow, number(message, "idiag_if")
    name = f"{listener.address}:{listener.port}"
    if device:
        name += f" on device {device}"
    is_here = listener.address in (flow.destination, type(flow.destination)(0))
    is_fitting = is_here and device in (0, need.incoming.index)
    peer, port = address(message, "idiag_dst"), number(message, "idiag_dport")
    if port:
        # A socket of IPv6 that speaks IPv4 has a peer in ::ffff:0:0/96 (RFC 4291 §2.5.5.2).
        peer = peer.ipv4_mapped or peer if isinstance(peer, IPv6Address) else peer
        name += f" connected to {peer}:{port}"
        is_fitting = is_fitting and (peer, port) == (flow.source, flow.source_port)
    return is_fitting, name
