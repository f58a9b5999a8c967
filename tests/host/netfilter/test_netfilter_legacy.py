"""iptables-legacy's blob, and the rule that its counters give away."""

import struct
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.netfilter.counted import counted_all, dropped_by
from edgediag.host.netfilter.legacy import (
    INFO_OCTETS,
    LegacyInfo,
    LegacyRule,
    decode_info,
    decode_rules,
)
from edgediag.host.netfilter.legacy_selector import Selector, may_match, selector_words
from edgediag.host.netfilter.statement import XtMatch
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule
from edgediag.model.flow import Flow
from edgediag.model.host import TraceDropped
from story import flow, passed

TUNNEL = flow()
UNTRACED = NotChecked(reason="no nf_tables here")
ANY = Selector(
    source=None,
    destination=None,
    incoming="",
    outgoing="",
    protocol=0,
    inverted=0,
    matches=(),
)


def part(name: str, data: bytes) -> bytes:
    return struct.pack("=H29sB", 32 + len(data), name.encode(), 0) + data


def entry(
    target: bytes, *, head: bytes = bytes(84), matches: bytes = b"", packets: int = 0
) -> bytes:
    begin = 112 + len(matches)
    sizes = struct.pack("=IHHI QQ", 0, begin, begin + len(target), 0, packets, 0)
    return head + sizes + matches + target


def xt(name: str, info: bytes) -> XtMatch:
    return XtMatch(name=name, revision=0, info=info)


def verdict(number: int) -> bytes:
    return part("", struct.pack("=i4x", number))


def udp(port: int) -> bytes:
    return part("udp", struct.pack("=4HB7x", 0, 0xFFFF, port, port, 0))


HEAD = (
    bytes([192, 168, 50, 10]) + bytes([198, 51, 100, 0]) + bytes([255] * 4) + bytes([255] * 3 + [0])
    + bytes(16) + b"eth0".ljust(16, b"\0") + bytes(32) + struct.pack("=HBB", 17, 0, 0)
)
DROP = entry(verdict(-1), head=HEAD, matches=udp(4500), packets=9)
POLICY = entry(verdict(-2), packets=70)
OWN_CHAIN = entry(part("ERROR", b"own".ljust(30, b"\0")))
REJECT = entry(part("REJECT", struct.pack("=I", 3)), packets=4)
ENTRIES = DROP + POLICY + OWN_CHAIN + REJECT + entry(verdict(-5)) + entry(part("ERROR", bytes(30)))
INFO = LegacyInfo(
    begins={"OUTPUT": 0}, policies={"OUTPUT": len(DROP)}, octets=len(ENTRIES)
)


def test_the_head_says_where_the_chains_are() -> None:
    octets = struct.pack("=32sI5I5III", b"filter", 1 << 3, 0, 0, 0, 8, 0, 0, 0, 0, 16, 0, 6, 99)
    assert len(octets) == INFO_OCTETS
    expected = LegacyInfo(begins={"OUTPUT": 8}, policies={"OUTPUT": 16}, octets=99)
    assert decode_info(octets) == expected


def test_a_table_gives_its_rules_policies_and_chains_of_the_user() -> None:
    rules = decode_rules("filter", INFO, ENTRIES)
    assert [(rule.chain, rule.number, rule.target, rule.packets) for rule in rules] == [
        ("OUTPUT", 1, "DROP", 9),
        ("OUTPUT", 0, "ACCEPT", 70),
        ("own", 1, "REJECT", 4),
        ("own", 2, "RETURN", 0),
    ]


def test_a_rule_is_told_in_the_words_of_iptables() -> None:
    (rule, *_) = decode_rules("filter", INFO, ENTRIES)
    words = "-s 192.168.50.10/32 -d 198.51.100.0/24 -o eth0 -p udp -m udp --dport 4500"
    assert selector_words(rule.selector) == words


@given(st.binary(max_size=400), st.integers(0, 500))
def test_any_octets_are_rules_or_none(octets: bytes, offset: int) -> None:
    info = LegacyInfo(begins={"INPUT": offset}, policies={"INPUT": offset}, octets=len(octets))
    assert isinstance(decode_rules("filter", info, octets), tuple)
    assert decode_info(octets[: INFO_OCTETS - 1]) is None


@given(st.integers(0, len(ENTRIES) - 1), st.binary(min_size=1, max_size=8))
def test_a_table_with_foreign_octets_is_rules_or_fewer(place: int, octets: bytes) -> None:
    damaged = ENTRIES[:place] + octets + ENTRIES[place + len(octets) :]
    assert len(decode_rules("filter", INFO, damaged)) <= len(ENTRIES) // 112


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param(ANY, True, id="no condition"),
        pytest.param(replace(ANY, protocol=17), True, id="its protocol"),
        pytest.param(replace(ANY, protocol=6), False, id="another protocol"),
        pytest.param(replace(ANY, protocol=6, inverted=64), True, id="not another protocol"),
        pytest.param(
            replace(ANY, destination=IPv4Network("198.51.100.0/24")), True, id="its network"
        ),
        pytest.param(
            replace(ANY, destination=IPv4Network("198.51.100.0/24"), inverted=16),
            False,
            id="not its network",
        ),
        pytest.param(replace(ANY, source=IPv4Network("10.0.0.0/8")), False, id="another source"),
        pytest.param(replace(ANY, matches=(xt("udp", udp(4500)[32:]),)), True, id="its port"),
        pytest.param(replace(ANY, matches=(xt("udp", udp(123)[32:]),)), False, id="another port"),
        pytest.param(
            replace(ANY, matches=(xt("udp", struct.pack("=4HB7x", 9, 9, 0, 0xFFFF, 0)),)),
            False,
            id="another source port",
        ),
        pytest.param(
            replace(ANY, matches=(xt("udp", struct.pack("=4HB7x", 0, 0xFFFF, 123, 123, 2)),)),
            True,
            id="not another port",
        ),
        pytest.param(
            replace(ANY, matches=(xt("owner", bytes(40)),)),
            True,
            id="what is not read excludes none",
        ),
    ],
)
def test_a_rule_may_match_a_flow(selector: Selector, expected: bool) -> None:
    assert may_match(selector, TUNNEL) is expected


def rule(packets: int, **changes: Any) -> LegacyRule:
    plain = LegacyRule(
        table="filter",
        chain="OUTPUT",
        number=1,
        selector=replace(ANY, protocol=17),
        target="DROP",
        revision=0,
        info=bytes(4),
        packets=packets,
    )
    return replace(plain, **changes)


OTHER = {"number": 2, "target": "REJECT", "info": struct.pack("=I", 3)}
TO_US = replace(ANY, destination=IPv4Network(f"{TUNNEL.source}/32"), protocol=17)
NAMED = IptablesRule(
    backend="legacy", table="filter", chain="OUTPUT", number=1, text="-p udp -j DROP"
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            [rule(3)],
            [rule(8)],
            TraceDropped(culprit=NAMED, hook="output", is_reject=False, is_reply=False),
            id="it counted every packet",
        ),
        pytest.param([rule(3)], [rule(7)], None, id="it missed one: another's packets"),
        pytest.param([rule(3)], [rule(3)], None, id="it counted none"),
        pytest.param(
            [], [rule(5)],
            TraceDropped(culprit=NAMED, hook="output", is_reject=False, is_reply=False),
            id="it came meanwhile",
        ),
        pytest.param(
            [rule(0), rule(0, **OTHER)],
            [rule(9), rule(9, **OTHER)],
            NotChecked(
                reason="several rules of iptables-legacy dropped packets: "
                "filter OUTPUT 1, filter OUTPUT 2"
            ),
            id="two of them: none is named",
        ),
        pytest.param([rule(0, target="ACCEPT")], [rule(9, target="ACCEPT")], None, id="it accepts"),
        pytest.param(
            [rule(0, selector=replace(ANY, protocol=6))],
            [rule(9, selector=replace(ANY, protocol=6))],
            None,
            id="it is for another protocol",
        ),
        pytest.param(
            [rule(0, number=0, chain="INPUT", selector=TO_US)],
            [rule(5, number=0, chain="INPUT", selector=TO_US)],
            TraceDropped(
                culprit=ChainPolicy(family="ip", table="filter", chain="INPUT", policy="drop"),
                hook="input",
                is_reject=False,
                is_reply=True,
            ),
            id="a policy that meets the answer",
        ),
    ],
)
def test_counters_name_a_rule_or_none(
    before: list[LegacyRule], after: list[LegacyRule], expected: TraceDropped | NotChecked | None
) -> None:
    assert dropped_by(TUNNEL, counted_all(before, after, tries=5), UNTRACED) == expected


def test_a_flow_the_rule_is_not_for_is_not_its_doing() -> None:
    web = Flow(
        protocol=TUNNEL.protocol,
        source=TUNNEL.source,
        source_port=40001,
        destination=TUNNEL.destination,
        destination_port=123,
    )
    limited = replace(ANY, matches=(xt("udp", udp(4500)[32:]),))
    before, after = [rule(0, selector=limited)], [rule(5, selector=limited)]
    assert dropped_by(web, counted_all(before, after, tries=5), UNTRACED) is None


INWARD = rule(5, chain="INPUT", selector=TO_US)


@pytest.mark.parametrize(
    ("counted", "until", "is_named"),
    [
        pytest.param(rule(5), "output", True, id="it did not come to the end of POSTROUTING"),
        pytest.param(rule(5), "sent", False, id="it came past every rule on the way out"),
        pytest.param(rule(5, chain="own"), "output", True, id="a chain of the user's own"),
        pytest.param(rule(5, chain="FORWARD"), "output", False, id="a chain it never meets"),
        pytest.param(rule(5, chain="INPUT"), "output", False, id="a chain of the way in"),
        pytest.param(INWARD, "received", True, id="the answer did not come to the end of INPUT"),
        pytest.param(INWARD, "delivered", False, id="the answer came past every rule"),
        pytest.param(INWARD, "sent", False, id="no answer came to the first of the rules"),
    ],
)
def test_a_busy_rule_is_not_named_where_the_packet_came_past_it(
    counted: LegacyRule, until: str, is_named: bool
) -> None:
    found = dropped_by(TUNNEL, [counted], passed(until=until))
    assert isinstance(found, TraceDropped) is is_named
