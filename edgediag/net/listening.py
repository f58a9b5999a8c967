"""Which socket takes a packet that comes in (sock_diag(7)); filters of sockets are not read."""

from typing import Final

from edgediag.host.inet_sockets import (
    CONNECTED,
    LISTENING,
    UNCONNECTED,
    InetSocket,
    plain_address,
)
from edgediag.host.listeners import listeners_of
from edgediag.host.walk.needs import NeedSocket, Taken
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Protocol
from edgediag.model.listener import Listener
from edgediag.net.inet_sockets import read_inet_sockets

_STATES: Final = {Protocol.TCP: (LISTENING,), Protocol.UDP: (UNCONNECTED, CONNECTED)}


def taken(need: NeedSocket) -> Taken | NotChecked:
    """Whether a socket takes the packet; where none does, which listen beside it."""
    flow = need.flow
    sockets = read_inet_sockets(
        flow.protocol, _STATES[flow.protocol], port=flow.destination_port
    )
    if isinstance(sockets, NotChecked):
        return sockets
    found = [
        _fits(need, listener, socket)
        for socket in sockets
        for listener in listeners_of(socket, flow.protocol)
    ]
    port = f"{flow.protocol.value} {flow.destination_port}"
    fitting = [text for is_fitting, text in found if is_fitting]
    if fitting:
        return Taken(is_taken=True, text=f"a socket listens on {port} ({fitting[0]})")
    beside = ", ".join(dict.fromkeys(text for _, text in found))
    only = f" of {flow.destination}, only on {beside}" if beside else ""
    return Taken(is_taken=False, text=f"no socket listens on {port}{only}")


def _fits(need: NeedSocket, listener: Listener, socket: InetSocket) -> tuple[bool, str]:
    """Whether the socket takes the packet, and its name."""
    flow = need.flow
    name = f"{listener.address}:{listener.port}"
    if socket.device:
        name += f" on device {socket.device}"
    is_here = listener.address in (flow.destination, type(flow.destination)(0))
    is_fitting = is_here and socket.device in (0, need.incoming.index)
    if socket.peer_port:
        peer = plain_address(socket.peer)
        name += f" connected to {peer}:{socket.peer_port}"
        is_fitting = is_fitting and (peer, socket.peer_port) == (flow.source, flow.source_port)
    return is_fitting, name
