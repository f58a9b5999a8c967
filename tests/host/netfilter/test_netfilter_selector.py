"""The rule that marks one flow for the trace says so in nft's own words."""

from ipaddress import ip_address

import pytest

from edgediag.host.netfilter.nft import decode_expressions
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.selector import trace_expressions
from edgediag.host.netfilter.text import filter_rule_text
from edgediag.model.flow import Flow, Protocol


@pytest.mark.parametrize(
    ("protocol", "source", "destination", "words"),
    [
        pytest.param(
            Protocol.UDP,
            "192.0.2.10",
            "198.51.100.21",
            "ip saddr 192.0.2.10 ip daddr 198.51.100.21 udp sport 40000 udp dport 4500",
            id="UDP",
        ),
        pytest.param(
            Protocol.TCP,
            "2001:db8::10",
            "2001:db8::21",
            "ip6 saddr 2001:db8::10 ip6 daddr 2001:db8::21 tcp sport 40000 tcp dport 4500",
            id="TCP over IPv6",
        ),
        pytest.param(
            Protocol.ICMP,
            "192.0.2.10",
            "198.51.100.21",
            "ip saddr 192.0.2.10 ip daddr 198.51.100.21 icmp id 40000",
            id="an echo by its identifier, whichever way",
        ),
        pytest.param(
            Protocol.ICMP,
            "2001:db8::10",
            "2001:db8::21",
            "ip6 saddr 2001:db8::10 ip6 daddr 2001:db8::21 icmpv6 id 40000",
            id="an echo over IPv6",
        ),
    ],
)
def test_a_flow(protocol: Protocol, source: str, destination: str, words: str) -> None:
    flow = Flow(
        protocol=protocol,
        source=ip_address(source),
        source_port=40000,
        destination=ip_address(destination),
        destination_port=40000 if protocol is Protocol.ICMP else 4500,
    )
    expressions = decode_expressions(trace_expressions(flow))
    rule = FilterRule(
        family="inet", table="t", chain="c", handle=1, expressions=expressions, comment=""
    )
    written = filter_rule_text(rule, sets={}, interfaces={})
    assert written == f"{words} meta nftrace set 1"
