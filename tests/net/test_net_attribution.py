"""iptables-legacy is read as it is, reading it makes nothing, and its counters name what drops."""

import errno
import os
import shutil
import socket
import subprocess
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from edgediag.host.netfilter.iptables import iptables_text
from edgediag.host.netfilter.legacy_chains import LegacyChains
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import IptablesRule
from edgediag.model.drops import (
    UNWATCHED,
    Drop,
    KernelDrop,
    KernelDrops,
    TraceDropped,
    TracePassed,
    TraceResult,
)
from edgediag.model.flow import Flow, Protocol
from edgediag.net import attribution, drop_reasons, drop_trace
from edgediag.net.attribution import COUNTED_TRIES, open_attribution
from edgediag.net.tc_filters import read_tc_filters
from edgediag.net.xtables import read_legacy, read_placed

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        shutil.which("iptables-legacy") is None, reason="needs iptables-legacy to make the rules"
    ),
]

TUNNEL = Flow(
    protocol=Protocol.UDP,
    source=ip_address("192.0.2.1"),
    source_port=40000,
    destination=ip_address("198.51.100.2"),
    destination_port=4500,
)
RULES = (
    "-A OUTPUT -d 203.0.113.0/24 -o up0 -p tcp -m tcp --dport 443 -j ACCEPT",
    "-A OUTPUT ! -s 10.0.0.0/8 -p udp -m udp --dport 4500 -j DROP",
)
IPV6_RULES = (
    "-A OUTPUT ! -d 2001:db8::/32 -o up+ -p tcp -m tcp --dport 443 -j ACCEPT",
    "-A OUTPUT -p udp -m udp --dport 4500 -g own",
)


def passed(*chains: str, is_sent: bool = True) -> TracePassed:
    return TracePassed(chains=chains, is_sent=is_sent, is_received=False, is_delivered=False)


def send(asked: Flow, count: int) -> None:
    """So many packets; a refusal is what the counters are about."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((str(asked.source), asked.source_port))
        for _ in range(count):
            with suppress(PermissionError):
                sender.sendto(b"ike", (str(asked.destination), asked.destination_port))


def attributed(nodes: "TwoNodes", count: int) -> TraceResult:
    with nodes.node.inside():
        with open_attribution([TUNNEL]) as tracer:
            send(TUNNEL, count)
            tracer.read(0.05)
            return tracer.conclude(TUNNEL)


def test_a_host_without_legacy_tables_gets_none_by_being_read(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        assert read_legacy() == ()
    assert two_nodes.node.output("cat /proc/thread-self/net/ip_tables_names") == ""


def test_rules_are_read_as_iptables_wrote_them(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(*(f"iptables-legacy {rule}" for rule in RULES))
    two_nodes.node.run(
        "ip6tables-legacy -N own",
        *(f"ip6tables-legacy {rule}" for rule in IPV6_RULES),
        "iptables-legacy -P FORWARD DROP",
    )
    with two_nodes.node.inside():
        tables = {table.entries.family: table for table in read_legacy()}
    for family, expected in (("ip", RULES), ("ip6", IPV6_RULES)):
        chain = LegacyChains(tables[family].entries).chain("OUTPUT", None)
        assert chain is not None
        assert [f"-A OUTPUT {iptables_text(rule)}" for rule in chain.rules] == list(expected)
    assert {chain: found.policy for chain, found in tables["ip"].chains.items()} == {
        "INPUT": "accept",
        "FORWARD": "drop",
        "OUTPUT": "accept",
    }
    assert tables["ip6"].chains["own"].policy is None


def test_a_table_is_placed_and_a_family_without_tables_is_nothing(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(*(f"iptables-legacy {rule}" for rule in RULES))
    with two_nodes.node.inside():
        (table,), unread = read_placed("ip")
        assert (table.name, unread) == ("filter", ())
        assert read_placed("ip6") == ((), ())


def test_the_rule_that_counted_every_packet_is_named(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(*(f"iptables-legacy {rule}" for rule in RULES))
    assert attributed(two_nodes, COUNTED_TRIES) == TraceDropped(
        culprit=IptablesRule(
            backend="legacy",
            table="filter",
            chain="OUTPUT",
            number=2,
            text="! -s 10.0.0.0/8 -p udp -m udp --dport 4500 -j DROP",
        ),
        hook="output",
        is_reject=False,
        is_reply=False,
    )


def test_a_rule_that_counted_fewer_packets_is_not_named(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(*(f"iptables-legacy {rule}" for rule in RULES))
    assert attributed(two_nodes, COUNTED_TRIES - 1) == passed(is_sent=False)


def test_a_rule_for_others_is_not_named(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run("iptables-legacy -A OUTPUT -p udp -m udp --dport 123 -j DROP")
    assert attributed(two_nodes, COUNTED_TRIES) == passed()


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param(
            ("tc qdisc add dev up0 root tbf rate 8bit burst 20 limit 20",),
            (Drop.QDISC, "up0", "tbf"),
            id="a starved discipline",
        ),
        pytest.param(
            (
                "tc qdisc add dev up0 clsact",
                "tc filter add dev up0 egress bpf da bytecode 1,6\\x200\\x200\\x202",
            ),
            (Drop.TC_FILTER, "up0", "clsact"),
            id="a filter at egress",
        ),
    ],
)
def test_what_is_dropped_behind_netfilter_is_counted(
    two_nodes: "TwoNodes", commands: tuple[str, ...], expected: tuple[Drop, str, str]
) -> None:
    for command in commands:
        words = [word.replace("\\x20", " ") for word in command.split()]
        with two_nodes.node.inside():
            subprocess.run(words, check=True)
    with two_nodes.node.inside():
        with open_attribution([TUNNEL]) as tracer:
            send(TUNNEL, 2)
            tracer.read(0.05)
            result, drops = tracer.conclude(TUNNEL), tracer.drops()
        filters = read_tc_filters()
    assert result == passed()
    assert [(item.drop, item.interface, item.discipline) for item in drops] == [expected]
    assert len(filters) == (expected[0] is Drop.TC_FILTER)


def test_what_the_reverse_path_filter_drops_is_counted(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(
        "sysctl -qw net.ipv4.conf.up0.rp_filter=1",
        "ip route add 198.51.100.0/24 via 192.0.2.2 table 9",
        "ip rule add fwmark 1 table 9",
        "ip route replace 198.51.100.0/24 dev lo src 192.0.2.1",
        "iptables-nft -t mangle -A OUTPUT -p udp --dport 4500 -j MARK --set-mark 1",
    )
    with two_nodes.peer.inside():
        answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with answering, two_nodes.node.inside():
        answering.bind(("198.51.100.2", 4500))
        answering.settimeout(1.0)
        with open_attribution([TUNNEL], ["up0"]) as tracer:
            send(TUNNEL, 1)
            answering.sendto(b"ike", answering.recvfrom(99)[1])
            tracer.read(0.05)
            result, drops = tracer.conclude(TUNNEL), tracer.drops()
    chains = ("ip mangle OUTPUT",)
    assert result == TracePassed(chains=chains, is_sent=True, is_received=True, is_delivered=False)
    assert [item.drop for item in drops] == [Drop.REVERSE_PATH]


DROPPED = KernelDrop(
    reason="NETFILTER_DROP", location="nf_hook_slow", interface="", is_reply=False
)


def said_of_drops(nodes: "TwoNodes") -> KernelDrops | NotChecked:
    """What the kernel says while a rule drops the flow."""
    nodes.node.run("iptables-legacy -A OUTPUT -p udp -m udp --dport 4500 -j DROP")
    with nodes.node.inside():
        with open_attribution([TUNNEL]) as tracer:
            send(TUNNEL, 1)
            tracer.read(0.05)
            return tracer.kernel_drops(TUNNEL)


def test_the_kernel_tells_of_the_same_packets(two_nodes: "TwoNodes") -> None:
    assert said_of_drops(two_nodes) == (DROPPED,)


def test_where_neither_program_nor_trace_may_look_both_reasons_are_said(
    two_nodes: "TwoNodes", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mounts").write_text("")
    monkeypatch.setattr(drop_reasons, "BTF", tmp_path / "vmlinux")
    monkeypatch.setattr(drop_trace, "MOUNTS", tmp_path / "mounts")
    assert said_of_drops(two_nodes) == NotChecked(
        reason=f"{UNWATCHED}: {tmp_path}/vmlinux: ENOENT: this kernel does not describe its types; "
        "no tracefs is mounted"
    )


class Open:
    """Something that is open; `closed` tells whether it still is."""

    def __init__(self, *, fails: bool = False) -> None:
        self.closed = False
        self._fails = fails

    def close(self) -> None:
        self.closed = True
        if self._fails:
            raise OSError(errno.EIO, "it does not close")


def opened(monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> tuple[Open, Open]:
    """A trace and a watch, opened by the next attribution; the trace may not close well."""
    trace, watch = Open(fails=fails), Open()
    monkeypatch.setattr(attribution, "open_tracer", lambda flows, devices: trace)
    monkeypatch.setattr(attribution, "open_drop_watch", lambda flows: watch)
    return trace, watch


def test_a_trace_that_does_not_close_well_keeps_no_watch_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, watch = opened(monkeypatch, fails=True)
    with pytest.raises(OSError), open_attribution([TUNNEL]):
        assert not watch.closed
    assert watch.closed


def test_who_interrupts_the_first_reading_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted() -> NoReturn:
        raise KeyboardInterrupt

    trace, watch = opened(monkeypatch)
    monkeypatch.setattr(attribution, "read_drop_counts", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_attribution([TUNNEL])
    assert (trace.closed, watch.closed) == (True, True)


def test_what_a_killed_run_has_left_goes_even_where_a_program_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mounts").write_text(f"none {tmp_path} tracefs rw 0 0\n")
    monkeypatch.setattr(drop_trace, "MOUNTS", tmp_path / "mounts")
    left = tmp_path / "instances" / f"edgediag_drops_{2**22 + 1}_0"
    own = tmp_path / "instances" / f"edgediag_drops_{os.getpid()}_0"
    for folder in (left, own):
        folder.mkdir(parents=True)
    opened(monkeypatch)
    with open_attribution([TUNNEL]):
        assert (left.exists(), own.exists()) == (False, True)
