"""A table of iptables-legacy is read for a copy as of one moment, and put as it was."""

import errno
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from edgediag.model.answer import NotChecked
from edgediag.net import xtables
from edgediag.net.clone_legacy import make_tables, read_tables

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        shutil.which("iptables-legacy") is None, reason="needs iptables-legacy to make the rules"
    ),
]

GET_ENTRIES = 65
RULES = (
    "iptables-legacy -N SUB",
    "iptables-legacy -A OUTPUT -p udp --dport 4500 -j SUB",
    "ip6tables-legacy -t mangle -A INPUT -p tcp --dport 7 -j DROP",
)
SAVED = ("iptables-legacy -S", "ip6tables-legacy -t mangle -S")


def test_tables_are_the_same_in_the_copy_though_somebody_changed_one_meanwhile(
    two_nodes: "TwoNodes", monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, asked = two_nodes.node, two_nodes.peer, []

    def ask(
        sock: socket.socket, option: tuple[int, int], question: bytes, octets: int
    ) -> memoryview:
        asked.append(option[1])
        if asked.count(GET_ENTRIES) == 1 and option[1] == GET_ENTRIES:
            raise OSError(errno.EAGAIN, "another table has this name now")
        return whole(sock, option, question, octets)

    whole = xtables._ask
    here.run(*RULES)
    monkeypatch.setattr(xtables, "_ask", ask)
    with here.inside():
        tables = read_tables()
    assert not isinstance(tables, NotChecked)
    with there.inside():
        assert make_tables(tables) is None
    assert [here.output(save) for save in SAVED] == [there.output(save) for save in SAVED]
    assert asked.count(GET_ENTRIES) == len(tables) + 1
