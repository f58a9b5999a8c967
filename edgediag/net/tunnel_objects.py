"""What an inspection reads of the tunnels beyond a diagnosis: owners, connections, both twice."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from edgediag.host.udp_sockets import UdpSocket, decode_sockets
from edgediag.host.wireguard import grown
from edgediag.host.xfrm import grown_counts, grown_states
from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState
from edgediag.model.tunnel_object import TunnelSocket
from edgediag.net.conntrack import read_tunnel_connections
from edgediag.net.degraded import degraded
from edgediag.net.socket_holders import holders
from edgediag.net.wireguard import read_wireguard
from edgediag.net.xfrm import read_counts, read_states

# Between two readings of what passes; a tunnel in use carries something in that time.
SAMPLE_S: Final = 1.0

# IKE (RFC 7296 §2); with ESP in UDP (RFC 3948), and of Raven's WireGuard; both overlays.
TUNNEL_PORTS: Final = frozenset((500, 4500))
OVERLAY_PORTS: Final = frozenset((4472, 8472))

_TABLES: Final = ("udp", "udp6")
_NET: Final = Path("/proc/thread-self/net")


def read_tunnels(host: HostState) -> HostState:
    """The state with who holds the tunnels' ports, what is tracked of them, and what passes.

    Waits for a second where something may pass.
    """
    host = replace(
        host,
        tunnel_sockets=degraded("UDP sockets", _read_sockets),
        tunnel_connections=degraded(
            "connections", lambda: read_tunnel_connections(TUNNEL_PORTS)
        ),
    )
    return _sampled(host) if _may_pass(host) else host


def _may_pass(host: HostState) -> bool:
    tables = (host.xfrm_policies, host.xfrm_states, host.wireguard)
    return any(bool(table) for table in tables if not isinstance(table, NotChecked))


def _sampled(host: HostState) -> HostState:
    time.sleep(SAMPLE_S)
    states, before = degraded("xfrm states", read_states), host.xfrm_states
    devices, known = degraded("WireGuard", lambda: read_wireguard(host.links)), host.wireguard
    if not isinstance(states, NotChecked) and not isinstance(before, NotChecked):
        host = replace(host, xfrm_states=grown_states(before, states))
    counts, earlier = degraded("xfrm counters", read_counts), host.xfrm_counts
    if not isinstance(counts, NotChecked) and not isinstance(earlier, NotChecked):
        host = replace(host, xfrm_counts=grown_counts(earlier, counts))
    if not isinstance(devices, NotChecked) and not isinstance(known, NotChecked):
        host = replace(host, wireguard=grown(known, devices))
    return host


def _read_sockets() -> tuple[TunnelSocket, ...]:
    ports = TUNNEL_PORTS | OVERLAY_PORTS
    found = [item for item in _sockets() if item.port in ports]
    inodes = frozenset(item.inode for item in found)
    owners = {inode: process for process, inode in holders(inodes)}
    return tuple(
        TunnelSocket(
            port=item.port, address=item.address, process=_process(owners.get(item.inode))
        )
        for item in sorted(found, key=lambda item: (item.port, item.address.version))
    )


def _sockets() -> Iterator[UdpSocket]:
    for table in _TABLES:
        try:
            yield from decode_sockets((_NET / table).read_text("ascii", "replace"))
        except FileNotFoundError:
            # A kernel without IPv6.
            continue


def _process(folder: Path | None) -> tuple[str, ...]:
    if folder is None:
        return ()
    try:
        return (folder / "comm").read_text("utf-8", "replace").strip(), folder.name
    except OSError:
        return ("", folder.name)
