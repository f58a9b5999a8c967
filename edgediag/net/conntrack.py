"""Connection tracking in this network namespace: what it drops, and what it remembers.

Who asks ctnetlink where it is not loaded has the kernel load it, and it stays; files load nothing.
"""

import errno
import socket
from pathlib import Path
from typing import Final

from edgediag.host.conntrack import (
    ORIGINAL,
    decode_connection,
    decode_drops,
    decode_unreplied,
    decode_wire_flow,
    encode_tuple,
)
from edgediag.host.messages import NLM_F_ACK, NLM_F_REQUEST, Message
from edgediag.model.answer import NotChecked
from edgediag.model.drops import DropCount
from edgediag.model.flow import Flow, Protocol
from edgediag.model.tunnel_object import TunnelConnection
from edgediag.net.degraded import degraded
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal

_STATISTICS: Final = Path("/proc/thread-self/net/stat/nf_conntrack")
_COUNT: Final = Path("/proc/sys/net/netfilter/nf_conntrack_count")
_CONNTRACK_GET: Final = 1 << 8 | 1
_CONNTRACK_DELETE: Final = 1 << 8 | 2
# Some 20 microseconds each.
_MOST_READ: Final = 20_000
_HEAD: Final = bytes([socket.AF_INET, 0, 0, 0])
_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}


def read_conntrack_drops() -> tuple[DropCount, ...]:
    """The packets that it dropped because it could not track them, () where nothing is tracked.

    raises  OSError as the kernel's; ENOENT also where it tracks and tells no counters, being built
            without CONFIG_NF_CONNTRACK_PROCFS
    """
    try:
        counted = decode_drops(_STATISTICS.read_text("ascii", "replace"))
    except FileNotFoundError:
        if _COUNT.exists():
            raise
        return ()
    return () if counted is None else (counted,)


def wire_flow_of(flow: Flow) -> Flow | NotChecked:
    """What leaves for the packets of a flow by the connection that is tracked for it.

    Only where something is tracked: else to ask would have ctnetlink loaded.
    """
    return degraded("connections", lambda: _wire_flow_of(flow))


def _wire_flow_of(flow: Flow) -> Flow | NotChecked:
    if flow.protocol is not Protocol.UDP or not _tracks_any():
        return NotChecked(reason="no connection is tracked, or none that is asked for")
    ends = (
        (flow.source.packed, flow.source_port),
        (flow.destination.packed, flow.destination_port),
    )
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        head = bytes([_FAMILIES[flow.source.version], 0, 0, 0])
        answer = netlink.request(_CONNTRACK_GET, head + encode_tuple(ORIGINAL, *ends))
    if isinstance(answer, Refusal):
        return NotChecked(reason=f"the connection of the flow: {answer.errno_name}")
    found = decode_wire_flow(answer.payload)
    return NotChecked(reason="a connection that cannot be read") if found is None else found


def read_unreplied() -> tuple[Flow, ...] | NotChecked:
    """Connections over IPv4 that want an answer and drew none, in the kernel's order.

    Not of a table so large that to read it would take a second.

    raises  OSError as the kernel's
    """
    if not 0 < _count() <= _MOST_READ:
        return NotChecked(reason=f"{_count()} connections are tracked")
    decoded = (decode_unreplied(message.payload) for message in _dumped())
    return tuple(flow for flow in decoded if flow is not None)


def read_tunnel_connections(
    ports: frozenset[int],
) -> tuple[TunnelConnection, ...] | NotChecked:
    """The connections of UDP over IPv4 from or to one of the ports, in the kernel's order.

    raises  OSError as the kernel's
    """
    if not _tracks_any():
        return ()
    if _count() > _MOST_READ:
        return NotChecked(reason=f"{_count()} connections are tracked")
    decoded = (decode_connection(message.payload) for message in _dumped())
    return tuple(
        item
        for item in decoded
        if item is not None and ports & {item.asked.source_port, item.asked.destination_port}
    )


def _dumped() -> tuple[Message, ...]:
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        dump = netlink.dump(_CONNTRACK_GET, _HEAD)
    if isinstance(dump, Refusal):
        raise OSError(getattr(errno, dump.errno_name, 0), dump.text)
    return dump.messages


def forget_connections() -> None:
    """The namespace tracks no connection any more: a translation once chosen would stay.

    Only for a namespace of one's own.

    raises  OSError where no netlink socket can be had
    """
    if not _tracks_any():
        return
    request = Message(
        type_=_CONNTRACK_DELETE, flags=NLM_F_REQUEST | NLM_F_ACK, sequence=0, payload=bytes(4)
    )
    with NetlinkSocket(NETLINK_NETFILTER) as netlink:
        netlink.apply((request,))


def _tracks_any() -> bool:
    return _count() != 0


def _count() -> int:
    try:
        return int(_COUNT.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0
