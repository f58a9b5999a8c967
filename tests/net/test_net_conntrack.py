"""A full table of connections drops what is new, and counts it."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgediag.lab import conntrack
from edgediag.net.conntrack import read_conntrack_drops

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
