"""A full table of connections drops what is new, and counts it; one may be emptied."""

import socket
import subprocess
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from edgediag.lab import conntrack
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.net import conntrack as net_conntrack
from edgediag.net.conntrack import (
    forget_connections,
    read_conntrack_drops,
    read_unreplied,
    wire_flow_of,
)

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

STATEFUL = (
    "nft add table inet t",
    "nft add chain inet t out { type filter hook output priority 0 ; }",
    "nft add rule inet t out ct state new counter",
)


def drops() -> int:
    return sum(item.count for item in read_conntrack_drops())


def connections() -> int:
    return int(Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text())


def unasked(protocol: int) -> NoReturn:
    pytest.fail(f"netlink protocol {protocol} is asked")


def test_what_cannot_be_tracked_is_counted(
    two_nodes: "TwoNodes", monkeypatch: pytest.MonkeyPatch
) -> None:
    with two_nodes.node.inside():
        assert drops() == 0
    two_nodes.node.run(*STATEFUL)
    # The thread is in the namespace already; there is no name to enter it by.
    monkeypatch.setattr(conntrack, "entered", lambda name: two_nodes.node.inside())
    conntrack.fill("node")
    with two_nodes.node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        with pytest.raises(PermissionError):
            sender.sendto(b"x", ("192.0.2.2", 9))
        assert drops() > 0


def test_a_limit_that_takes_too_long_to_reach_is_refused(
    two_nodes: "TwoNodes", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    huge = tmp_path / "nf_conntrack_max"
    huge.write_text("9000000\n")
    monkeypatch.setattr(conntrack, "_LIMIT", huge)
    monkeypatch.setattr(conntrack, "entered", lambda name: two_nodes.node.inside())
    with pytest.raises(conntrack.CannotRunError, match="it may hold 9000000 entries"):
        conntrack.fill("node")


def test_a_kernel_that_tracks_and_tells_no_counters_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_conntrack, "_STATISTICS", tmp_path / "none")
    (tmp_path / "count").write_text("7\n")
    monkeypatch.setattr(net_conntrack, "_COUNT", tmp_path / "count")
    with pytest.raises(FileNotFoundError):
        read_conntrack_drops()


def test_where_nothing_is_tracked_the_kernel_is_asked_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_conntrack, "_STATISTICS", tmp_path / "none")
    monkeypatch.setattr(net_conntrack, "_COUNT", tmp_path / "none")
    monkeypatch.setattr(net_conntrack, "NetlinkSocket", unasked)
    assert read_conntrack_drops() == ()
    forget_connections()


def test_a_namespace_without_connections_is_asked_for_nothing(
    two_nodes: "TwoNodes", monkeypatch: pytest.MonkeyPatch
) -> None:
    # To ask would have the kernel load the module of ctnetlink, which stays.
    two_nodes.node.run(*STATEFUL)
    monkeypatch.setattr(net_conntrack, "NetlinkSocket", unasked)
    with two_nodes.node.inside():
        forget_connections()
        read_conntrack_drops()


def test_connections_are_forgotten(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(*STATEFUL)
    with two_nodes.node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("192.0.2.2", 9))
        before = connections()
        forget_connections()
        assert (before, connections()) == (1, 0)


def test_what_leaves_for_a_flow_that_is_tracked(two_nodes: "TwoNodes") -> None:
    flow = Flow(
        protocol=Protocol.UDP,
        source=ip_address("192.0.2.1"),
        source_port=4500,
        destination=ip_address("192.0.2.2"),
        destination_port=9,
    )
    two_nodes.node.run(
        "nft add table ip n",
        "nft add chain ip n p {type nat hook postrouting priority 100;}",
        "nft add rule ip n p udp sport 4500 snat to 192.0.2.77",
    )
    with two_nodes.node.inside():
        assert isinstance(wire_flow_of(flow), NotChecked)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("192.0.2.1", 4500))
            sender.sendto(b"x", ("192.0.2.2", 9))
        assert wire_flow_of(flow) == replace(flow, source=ip_address("192.0.2.77"))
        assert isinstance(wire_flow_of(replace(flow, source_port=4501)), NotChecked)


def test_an_echo_that_nobody_answers_is_one_and_an_answered_one_is_none(
    two_nodes: "TwoNodes",
) -> None:
    node = two_nodes.node
    with node.inside():
        nothing = read_unreplied()
    assert nothing == NotChecked(reason="0 connections are tracked")
    node.run(*STATEFUL)
    node.run("ip neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev up0")
    with node.inside():
        for host in ("192.0.2.2", "192.0.2.9"):
            subprocess.run(("ping", "-n", "-c", "1", "-W", "1", host), capture_output=True)
    with node.inside():
        found = read_unreplied()
    assert not isinstance(found, NotChecked)
    assert [(flow.protocol, str(flow.destination)) for flow in found] == [
        (Protocol.ICMP, "192.0.2.9")
    ]
