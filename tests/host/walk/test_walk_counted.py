"""The rule of iptables-legacy that its counters give away."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

import legacy_blob as blob
from edgediag.host.netfilter.legacy import LegacyInfo, decode_entries
from edgediag.host.netfilter.legacy_chains import LegacyChains
from edgediag.host.netfilter.legacy_index import LegacyTable, index
from edgediag.host.walk.chain_walk import Step
from edgediag.host.walk.counted import counted_all, dropped_by, may_match
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule
from edgediag.model.drops import TraceDropped
from edgediag.model.flow import Flow
from story import flow, passed

TUNNEL = flow()
UNTRACED = NotChecked(reason="no nf_tables here")
UDP_HEAD = blob.header(protocol=17)
DROP, ACCEPT = blob.verdict(-1), blob.verdict(-2)
REJECT = blob.part("REJECT", struct.pack("=I4x", 3))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule in words that a blob can be made of."""

    packets: int = 0
    target: bytes = DROP
    head: bytes = UDP_HEAD
    matches: bytes = b""


def table(*rules: Rule, chain: str = "OUTPUT", policy: int = 0) -> LegacyTable:
    """A table of one chain; its policy accepts, or where it counted drops."""
    made = [
        blob.entry(each.target, head=each.head, matches=each.matches, packets=each.packets)
        for each in rules
    ]
    offset = sum(map(len, made))
    if chain in ("OUTPUT", "INPUT", "FORWARD"):
        end = blob.entry(DROP if policy else ACCEPT, packets=policy)
        info = LegacyInfo(begins={chain: 0}, policies={chain: offset}, octets=0)
        entries = b"".join([*made, end])
    else:
        info = LegacyInfo(begins={}, policies={}, octets=0)
        entries = b"".join([blob.chain_head(chain), *made, blob.entry(blob.verdict(-5))])
    whole = memoryview(entries + blob.chain_head("ERROR"))
    return indexed("ip", info, whole)


def indexed(family: str, info: LegacyInfo, octets: memoryview) -> LegacyTable:
    entries = decode_entries(family, "filter", info, octets)
    found = None if entries is None else index(entries)
    assert found is not None
    return found


def matches(rule: Rule) -> bool:
    read = LegacyChains(table(rule).entries).chain("OUTPUT", None)
    assert read is not None
    return may_match(read.rules[0], TUNNEL)


def ports(first: int, last: int, *, inverted: int = 0) -> bytes:
    """-m udp with a range of destination ports."""
    return blob.part("udp", struct.pack("=4HB7x", 0, 0xFFFF, first, last, inverted))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(Rule(head=blob.header()), True, id="no condition"),
        pytest.param(Rule(), True, id="its protocol"),
        pytest.param(Rule(head=blob.header(protocol=6)), False, id="another protocol"),
        pytest.param(
            Rule(head=blob.header(protocol=6, inverted=0x40)), True, id="not another protocol"
        ),
        pytest.param(
            Rule(head=blob.header(destination="198.51.100.0/255.255.255.0")),
            True,
            id="its network",
        ),
        pytest.param(
            Rule(head=blob.header(destination="198.51.100.0/255.255.255.0", inverted=0x10)),
            False,
            id="not its network",
        ),
        pytest.param(
            Rule(head=blob.header(source="10.0.0.0/255.0.0.0")), False, id="another source"
        ),
        pytest.param(
            Rule(head=blob.header(outgoing="eth7")), True, id="a device may be the one it takes"
        ),
        pytest.param(Rule(matches=ports(4500, 4500)), True, id="its port"),
        pytest.param(Rule(matches=ports(123, 123)), False, id="another port"),
        pytest.param(Rule(matches=ports(123, 123, inverted=2)), True, id="not another port"),
        pytest.param(
            Rule(matches=blob.part("udp", struct.pack("=4HB7x", 9, 9, 0, 0xFFFF, 0))),
            False,
            id="another source port",
        ),
        pytest.param(
            Rule(
                matches=blob.part(
                    "multiport", struct.pack("=BB15H15BB", 1, 1, 123, *[0] * 30), revision=1
                )
            ),
            False,
            id="a list without its port",
        ),
        pytest.param(
            Rule(matches=blob.part("owner", bytes(40), revision=1)),
            True,
            id="what hangs on more than the flow excludes none",
        ),
    ],
)
def test_a_rule_may_match_a_flow(rule: Rule, expected: bool) -> None:
    assert matches(rule) is expected


NAMED = IptablesRule(
    backend="legacy", table="filter", chain="OUTPUT", number=1, text="-p udp -j DROP"
)
TO_US = blob.header(destination=f"{TUNNEL.source}/255.255.255.255", protocol=17)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            table(Rule(packets=3)),
            table(Rule(packets=8)),
            TraceDropped(culprit=NAMED, hook="output", is_reject=False, is_reply=False),
            id="it counted every packet",
        ),
        pytest.param(
            table(Rule(packets=3)),
            table(Rule(packets=7)),
            None,
            id="it missed one: another's packets",
        ),
        pytest.param(
            table(Rule(packets=3)), table(Rule(packets=3)), None, id="it counted none"
        ),
        pytest.param(
            table(),
            table(Rule(packets=5)),
            TraceDropped(culprit=NAMED, hook="output", is_reject=False, is_reply=False),
            id="it came meanwhile",
        ),
        pytest.param(
            table(Rule(), Rule(target=REJECT)),
            table(Rule(packets=9), Rule(packets=9, target=REJECT)),
            NotChecked(
                reason="several rules of iptables-legacy dropped packets: "
                "filter OUTPUT 1, filter OUTPUT 2"
            ),
            id="two of them: none is named",
        ),
        pytest.param(
            table(Rule(target=ACCEPT)), table(Rule(packets=9, target=ACCEPT)), None, id="it accepts"
        ),
        pytest.param(
            table(Rule(head=blob.header(protocol=6))),
            table(Rule(packets=9, head=blob.header(protocol=6))),
            None,
            id="it is for another protocol",
        ),
        pytest.param(
            table(chain="INPUT"),
            table(chain="INPUT", policy=5),
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
    before: LegacyTable, after: LegacyTable, expected: TraceDropped | NotChecked | None
) -> None:
    assert dropped_by(TUNNEL, counted_all([before], [after], tries=5), UNTRACED) == expected


def counted(rule: Rule, chain: str) -> Sequence[Step]:
    return counted_all([], [table(rule, chain=chain)], tries=5)


def test_a_flow_the_rule_is_not_for_is_not_its_doing() -> None:
    time = Flow(
        protocol=TUNNEL.protocol,
        source=TUNNEL.source,
        source_port=40001,
        destination=TUNNEL.destination,
        destination_port=123,
    )
    ends = counted(Rule(packets=5, matches=ports(4500, 4500)), "OUTPUT")
    assert dropped_by(time, ends, UNTRACED) is None
    assert dropped_by(TUNNEL, ends, UNTRACED) is not None


def test_a_policy_of_the_other_family_is_not_its_doing() -> None:
    entries = bytes(136) + struct.pack("=IHHI4xQQ", 0, 168, 208, 0, 5, 0) + DROP
    end = bytes(136) + struct.pack("=IHHI4xQQ", 0, 168, 232, 0, 0, 0)
    end += blob.part("ERROR", b"ERROR".ljust(32, b"\0"))
    info = LegacyInfo(begins={"OUTPUT": 0}, policies={"OUTPUT": 0}, octets=0)
    found = indexed("ip6", info, memoryview(entries + end))
    ends = counted_all([], [found], tries=5)
    assert [step.action for step in ends] == ["drop"]
    assert dropped_by(TUNNEL, ends, UNTRACED) is None


TO_ANY = Rule(packets=5)
INWARD = Rule(packets=5, head=TO_US)


@pytest.mark.parametrize(
    ("rule", "chain", "until", "is_named"),
    [
        pytest.param(
            TO_ANY, "OUTPUT", "output", True, id="it did not come to the end of POSTROUTING"
        ),
        pytest.param(TO_ANY, "OUTPUT", "sent", False, id="it came past every rule on the way out"),
        pytest.param(TO_ANY, "own", "output", True, id="a chain of the user's own"),
        pytest.param(TO_ANY, "FORWARD", "output", False, id="a chain it never meets"),
        pytest.param(INWARD, "INPUT", "output", False, id="a chain of the way in"),
        pytest.param(
            INWARD, "INPUT", "received", True, id="the answer did not come to the end of INPUT"
        ),
        pytest.param(INWARD, "INPUT", "delivered", False, id="the answer came past every rule"),
        pytest.param(
            INWARD, "INPUT", "sent", False, id="no answer came to the first of the rules"
        ),
    ],
)
def test_a_busy_rule_is_not_named_where_the_packet_came_past_it(
    rule: Rule, chain: str, until: str, is_named: bool
) -> None:
    found = dropped_by(TUNNEL, counted(rule, chain), passed(until=until))
    assert isinstance(found, TraceDropped) is is_named
