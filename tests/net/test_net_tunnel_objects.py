"""Who holds the tunnels' ports, and what is tracked of them, in a namespace of the tests' own."""

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgediag.model.answer import NotChecked
from edgediag.net.tunnel_objects import read_tunnels
from story import host_state

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns


def test_who_holds_a_port_and_what_is_tracked_of_it(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(
        "nft add table inet t",
        "nft add chain inet t out { type filter hook output priority 0 ; }",
        "nft add rule inet t out ct state new counter",
    )
    with two_nodes.node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("192.0.2.1", 4500))
        held.sendto(b"x", ("192.0.2.2", 4500))
        host = read_tunnels(host_state())
    sockets, tracked = host.tunnel_sockets, host.tunnel_connections
    assert not isinstance(sockets, NotChecked) and not isinstance(tracked, NotChecked)
    own = (Path("/proc/self/comm").read_text().strip(), str(os.getpid()))
    assert [(item.port, item.address, item.process) for item in sockets] == [
        (4500, ip_address("192.0.2.1"), own)
    ]
    assert [(item.asked.destination_port, item.is_answered) for item in tracked] == [(4500, False)]


def test_where_nothing_is_there_nothing_is_told(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        host = read_tunnels(host_state())
    assert (host.tunnel_sockets, host.tunnel_connections) == ((), ())
