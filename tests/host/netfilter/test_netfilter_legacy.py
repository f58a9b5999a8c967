"""iptables-legacy's blob: its chains, and its rules in the expressions of all others."""

import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

import legacy_blob as blob
from edgediag.host.netfilter.expression import Unknown
from edgediag.host.netfilter.ip_header import IpHeader, MaskedValue, decode_header, header_words
from edgediag.host.netfilter.iptables import iptables_text
from edgediag.host.netfilter.legacy import (
    INFO_OCTETS,
    LegacyChain,
    LegacyInfo,
    LegacyTable,
    decode_info,
    decode_table,
    places,
)
from edgediag.host.netfilter.legacy_rule import chain_rules
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter, Verdict, XtMatch, XtTarget

UDP = blob.part("udp", struct.pack("=4HB7x", 0, 0xFFFF, 4500, 4500, 0))
HEAD = blob.header(
    source="192.168.50.10/255.255.255.255",
    destination="198.51.100.0/255.255.255.0",
    outgoing="eth0",
    protocol=17,
)
DROP = blob.entry(blob.verdict(-1), head=HEAD, matches=UDP, packets=9)
JUMP_AT = len(DROP)
TO_OWN = JUMP_AT + 2 * 152 + blob.HEAD_OCTETS
JUMP = blob.entry(blob.verdict(TO_OWN))
POLICY = blob.entry(blob.verdict(-2), packets=70)
REJECT = blob.entry(blob.part("REJECT", struct.pack("=I4x", 3)), packets=4)
GOTO = blob.entry(blob.verdict(TO_OWN), head=blob.header(flags=2))
PASSING_ON = blob.entry(blob.verdict(TO_OWN + len(REJECT + GOTO) + 152))
OWN = REJECT + GOTO + PASSING_ON + blob.entry(blob.verdict(-5))
ENTRIES = DROP + JUMP + POLICY + blob.chain_head("own") + OWN + blob.chain_head("ERROR")
INFO = LegacyInfo(
    begins={"OUTPUT": 0}, policies={"OUTPUT": JUMP_AT + len(JUMP)}, octets=len(ENTRIES)
)
PLAIN = IpHeader(
    source=None,
    destination=None,
    incoming=None,
    outgoing=None,
    protocol=0,
    is_protocol_negated=False,
    is_later_fragment=False,
    is_fragment_negated=False,
    is_goto=False,
)


def decoded(entries: bytes = ENTRIES, info: LegacyInfo = INFO) -> LegacyTable | None:
    return decode_table("ip", "filter", info, memoryview(entries))


def table() -> LegacyTable:
    found = decoded()
    assert found is not None
    return found


def rule(chain: str, *expressions: object) -> FilterRule:
    return FilterRule(
        family="ip", table="filter", chain=chain, handle=0, expressions=expressions, comment=""
    )


def test_the_head_says_where_the_chains_are() -> None:
    octets = struct.pack("=32sI5I5III", b"filter", 1 << 3, 0, 0, 0, 8, 0, 0, 0, 0, 16, 0, 6, 99)
    assert len(octets) == INFO_OCTETS
    expected = LegacyInfo(begins={"OUTPUT": 8}, policies={"OUTPUT": 16}, octets=99)
    assert decode_info(octets) == expected


def test_a_table_has_built_in_chains_with_a_policy_and_those_of_the_user() -> None:
    own = LegacyChain(begin=TO_OWN, end=TO_OWN + len(OWN) - 152, policy=None)
    assert table().chains == {
        "OUTPUT": LegacyChain(begin=0, end=JUMP_AT + len(JUMP), policy="accept"),
        "own": own,
    }
    assert table().targets == {TO_OWN: "own"}


def test_rules_are_numbered_in_their_chain_and_the_policy_comes_last() -> None:
    found = [(place.number, place.offset) for place in places(table(), "OUTPUT")]
    assert found == [(1, 0), (2, JUMP_AT), (0, JUMP_AT + len(JUMP))]


def test_a_rule_is_its_header_its_matches_its_counter_and_its_verdict() -> None:
    first, second = chain_rules(table(), "OUTPUT")
    addresses = (
        MaskedValue(value=ip_address(value).packed, mask=ip_address(mask).packed, is_negated=False)
        for value, mask in (
            ("192.168.50.10", "255.255.255.255"),
            ("198.51.100.0", "255.255.255.0"),
        )
    )
    source, destination = addresses
    device = MaskedValue(
        value=b"eth0".ljust(16, b"\0"), mask=b"\xff" * 5 + bytes(11), is_negated=False
    )
    header = replace(
        PLAIN, source=source, destination=destination, outgoing=device, protocol=17
    )
    assert first == rule(
        "OUTPUT",
        header,
        XtMatch(name="udp", revision=0, info=UDP[32:]),
        Counter(packets=9, octets=0),
        Verdict(code=0, chain=""),
    )
    jump = Verdict(code=-3, chain="own")
    assert second == rule("OUTPUT", PLAIN, Counter(packets=0, octets=0), jump)


def test_a_target_a_goto_and_a_rule_without_either_are_told_apart() -> None:
    counter = Counter(packets=0, octets=0)
    assert chain_rules(table(), "own") == (
        rule(
            "own",
            PLAIN,
            Counter(packets=4, octets=0),
            XtTarget(name="REJECT", revision=0, info=struct.pack("=I4x", 3)),
        ),
        rule("own", replace(PLAIN, is_goto=True), counter, Verdict(code=-4, chain="own")),
        rule("own", PLAIN, counter),
    )


def test_a_rule_is_told_in_the_words_of_iptables() -> None:
    words = [iptables_text(each) for each in chain_rules(table(), "OUTPUT")]
    assert words == [
        "-s 192.168.50.10/32 -d 198.51.100.0/24 -o eth0 -p udp -m udp --dport 4500 -j DROP",
        "-j own",
    ]


def test_the_revision_of_a_match_is_kept() -> None:
    matches = blob.part("conntrack", bytes(8), revision=3)
    entries = ENTRIES.replace(JUMP, blob.entry(JUMP[112:], matches=matches))
    grown = replace(
        INFO, policies={"OUTPUT": INFO.policies["OUTPUT"] + len(matches)}, octets=len(entries)
    )
    found = decoded(entries, grown)
    assert found is not None
    match = chain_rules(found, "OUTPUT")[1].expressions[1]
    assert match == XtMatch(name="conntrack", revision=3, info=bytes(8))


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(ENTRIES[:-8], id="it ends within an entry"),
        pytest.param(ENTRIES[: -blob.HEAD_OCTETS], id="it has no end"),
        pytest.param(
            DROP + JUMP + POLICY + blob.chain_head("own") + REJECT + blob.chain_head("ERROR"),
            id="a chain that does not return",
        ),
        pytest.param(
            DROP + JUMP + POLICY + 2 * (blob.chain_head("own") + OWN) + blob.chain_head("ERROR"),
            id="one name for two chains",
        ),
        pytest.param(
            DROP + JUMP + REJECT + blob.chain_head("own") + OWN + blob.chain_head("ERROR"),
            id="a built-in chain without a policy",
        ),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_iptables_cannot_have_made_is_no_table(entries: bytes) -> None:
    assert decoded(entries) is None


def test_a_jump_to_no_chain_is_not_read() -> None:
    elsewhere = ENTRIES.replace(JUMP, blob.entry(blob.verdict(TO_OWN + 8)))
    found = decoded(elsewhere)
    assert found is not None
    ending = chain_rules(found, "OUTPUT")[1].expressions[-1]
    assert isinstance(ending, Unknown)


@given(st.binary(max_size=400), st.integers(0, 500), st.sampled_from(("ip", "ip6")))
def test_any_octets_are_a_table_or_none(octets: bytes, offset: int, family: str) -> None:
    info = LegacyInfo(begins={"INPUT": offset}, policies={"INPUT": offset}, octets=len(octets))
    found = decode_table(family, "filter", info, memoryview(octets))
    assert found is None or isinstance(found, LegacyTable)
    assert decode_info(octets[: INFO_OCTETS - 1]) is None


@given(st.integers(0, len(ENTRIES) - 1), st.binary(min_size=1, max_size=8))
def test_a_table_with_foreign_octets_is_words_or_none(place: int, octets: bytes) -> None:
    damaged = ENTRIES[:place] + octets + ENTRIES[place + len(octets) :]
    found = decoded(damaged[: len(ENTRIES)])
    if found is not None:
        for chain in found.chains:
            assert all(isinstance(iptables_text(each), str) for each in chain_rules(found, chain))


@pytest.mark.parametrize(
    ("head", "words"),
    [
        pytest.param(blob.header(), "", id="no condition"),
        pytest.param(
            blob.header(source="10.0.0.0/255.0.255.0"),
            "-s 10.0.0.0/255.0.255.0",
            id="a mask that is no prefix",
        ),
        pytest.param(
            blob.header(destination="0.0.0.0/0.0.0.0", inverted=0x10),
            "! -d 0.0.0.0/0",
            id="no address at all",
        ),
        pytest.param(
            blob.header(incoming="eth+", outgoing="lo", inverted=0x03),
            "! -i eth+ ! -o lo",
            id="devices, one by the beginning of its name",
        ),
        pytest.param(blob.header(protocol=50), "-p esp", id="a protocol"),
        pytest.param(blob.header(protocol=200, inverted=0x40), "! -p 200", id="not a protocol"),
        pytest.param(blob.header(flags=1), "-f", id="later fragments"),
        pytest.param(blob.header(flags=1, inverted=0x20), "! -f", id="no later fragments"),
    ],
)
def test_header_conditions_have_the_words_of_iptables(head: bytes, words: str) -> None:
    assert " ".join(each for _, each in header_words(decode_header("ip", head))) == words


def test_the_header_of_ipv6_has_its_own_layout() -> None:
    address = ip_address("2001:db8::1").packed
    octets = struct.pack(
        "=16s16s16s16s16s16s16s16sHBBB3x",
        *(address, bytes(16), b"\xff" * 16, bytes(16)),
        *(bytes(16), b"eth0".ljust(16, b"\0"), bytes(16), b"\xff" * 5 + bytes(11)),
        *(58, 0, 1 | 4, 0x08),
    )
    header = decode_header("ip6", octets)
    assert [words for _, words in header_words(header)] == [
        "! -s 2001:db8::1/128",
        "-o eth0",
        "-p ipv6-icmp",
    ]
    assert (header.is_goto, header.is_later_fragment) == (True, False)
