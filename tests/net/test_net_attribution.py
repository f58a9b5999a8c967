"""iptables-legacy is read as it is, reading it makes nothing, and its counters name what drops."""

import shutil
import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.host.netfilter.legacy_selector import selector_words
from edgediag.model.culprit import IptablesRule
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import TraceDropped, TracePassed, TraceResult
from edgediag.net.attribution import Attribution, open_attribution
from edgediag.net.xtables import read_legacy

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
        opened = open_attribution([TUNNEL])
        assert isinstance(opened, Attribution)
        with opened as tracer:
            send(TUNNEL, count)
            tracer.read(0.05)
            return tracer.conclude(TUNNEL)


def test_a_host_without_legacy_tables_gets_none_by_being_read(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        assert read_legacy() == ()
    assert two_nodes.node.output("cat /proc/thread-self/net/ip_tables_names") == ""


def test_rules_are_read_as_iptables_wrote_them(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(*(f"iptables-legacy {rule}" for rule in RULES))
    with two_nodes.node.inside():
        rules = [rule for rule in read_legacy() if rule.chain == "OUTPUT" and rule.number]
    words = [f"-A {rule.chain} {selector_words(rule.selector)} -j {rule.target}" for rule in rules]
    assert words == list(RULES)


def test_the_rule_that_counted_every_packet_is_named(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run(*(f"iptables-legacy {rule}" for rule in RULES))
    assert attributed(two_nodes, Attribution.tries) == TraceDropped(
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
    assert attributed(two_nodes, Attribution.tries - 1) == passed(is_sent=False)


def test_a_rule_for_others_is_not_named(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run("iptables-legacy -A OUTPUT -p udp -m udp --dport 123 -j DROP")
    assert attributed(two_nodes, Attribution.tries) == passed()
