"""iptables-legacy's blob: its chains, and its rules in the expressions of all others."""

import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

import legacy_blob as blob
from edgediag.host.netfilter.chains import Chain
from edgediag.host.netfilter.expression import Unknown
from edgediag.host.netfilter.ip_header import (
    Ends,
    IpHeader,
    MaskedValue,
    decode_header,
    header_words,
    misses,
)
from edgediag.host.netfilter.iptables import iptables_text
from edgediag.host.netfilter.legacy import (
    INFO_OCTETS,
    LegacyChain,
    LegacyEntries,
    LegacyInfo,
    decode_entries,
    decode_info,
)
from edgediag.host.netfilter.legacy_chains import LegacyChains
from edgediag.host.netfilter.legacy_index import LegacyTable, index, places
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter, Verdict, XtMatch, XtTarget
from edgediag.host.walk.header import ends_of, header_holds
from edgediag.host.walk.octets import unknown
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from story import flow

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


def decoded(octets: bytes = ENTRIES, info: LegacyInfo = INFO) -> LegacyEntries | None:
    return decode_entries("ip", "filter", info, memoryview(octets))


def entries(octets: bytes = ENTRIES, info: LegacyInfo = INFO) -> LegacyEntries:
    found = decoded(octets, info)
    assert found is not None
    return found


def table() -> LegacyTable:
    found = index(entries())
    assert found is not None
    return found


def chain_rules(chain: str, found: LegacyEntries | None = None) -> tuple[FilterRule, ...]:
    """The rules of a chain, as a jump leads there where one does."""
    chains = LegacyChains(found or entries())
    chains.chain("OUTPUT", None)
    read = chains.chain(chain, None)
    assert read is not None
    return read.rules


def rule(chain: str, *expressions: object) -> FilterRule:
    return FilterRule(
        family="ip", table="filter", chain=chain, handle=0, expressions=expressions, comment=""
    )


def test_the_head_says_where_the_chains_are() -> None:
    octets = struct.pack("=32sI5I5III", b"filter", 1 << 3, 0, 0, 0, 8, 0, 0, 0, 0, 16, 0, 6, 99)
    assert len(octets) == INFO_OCTETS["ip"]
    expected = LegacyInfo(begins={"OUTPUT": 8}, policies={"OUTPUT": 16}, octets=99)
    assert decode_info("ip", octets) == expected


def test_a_table_has_built_in_chains_with_a_policy_and_those_of_the_user() -> None:
    own = LegacyChain(begin=TO_OWN, end=TO_OWN + len(OWN) - 152, policy=None)
    assert table().chains == {
        "OUTPUT": LegacyChain(begin=0, end=JUMP_AT + len(JUMP), policy="accept"),
        "own": own,
    }


def test_rules_are_numbered_in_their_chain_and_the_policy_comes_last() -> None:
    found = [(place.number, place.offset) for place in places(table(), "OUTPUT")]
    assert found == [(1, 0), (2, JUMP_AT), (0, JUMP_AT + len(JUMP))]


def test_a_rule_is_its_header_its_matches_its_counter_and_its_verdict() -> None:
    first, second = chain_rules("OUTPUT")
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
    assert chain_rules("own") == (
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
    words = [iptables_text(each) for each in chain_rules("OUTPUT")]
    assert words == [
        "-s 192.168.50.10/32 -d 198.51.100.0/24 -o eth0 -p udp -m udp --dport 4500 -j DROP",
        "-j own",
    ]


def test_the_revision_of_a_match_is_kept() -> None:
    matches = blob.part("conntrack", bytes(8), revision=3)
    octets = ENTRIES.replace(JUMP, blob.entry(JUMP[112:], matches=matches))
    grown = replace(
        INFO, policies={"OUTPUT": INFO.policies["OUTPUT"] + len(matches)}, octets=len(octets)
    )
    match = chain_rules("OUTPUT", entries(octets, grown))[1].expressions[1]
    assert match == XtMatch(name="conntrack", revision=3, info=bytes(8))


@pytest.mark.parametrize(
    "octets",
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
def test_what_iptables_cannot_have_made_is_no_table(octets: bytes) -> None:
    found = decoded(octets)
    assert found is None or index(found) is None


def test_a_jump_to_no_chain_is_not_read() -> None:
    elsewhere = ENTRIES.replace(JUMP, blob.entry(blob.verdict(TO_OWN + 8)))
    ending = chain_rules("OUTPUT", entries(elsewhere))[1].expressions[-1]
    assert isinstance(ending, Unknown)


@given(st.binary(max_size=400), st.integers(0, 500), st.sampled_from(("ip", "ip6", "arp")))
def test_any_octets_are_a_table_or_none(octets: bytes, offset: int, family: str) -> None:
    info = LegacyInfo(begins={"INPUT": offset}, policies={"INPUT": offset}, octets=len(octets))
    found = decode_entries(family, "filter", info, memoryview(octets))
    assert found is None or isinstance(index(found), LegacyTable | None)
    assert decode_info(family, octets[: INFO_OCTETS[family] - 1]) is None


@given(st.integers(0, len(ENTRIES) - 1), st.binary(min_size=1, max_size=8))
def test_a_table_with_foreign_octets_is_words_or_none(place: int, octets: bytes) -> None:
    damaged = ENTRIES[:place] + octets + ENTRIES[place + len(octets) :]
    found = decoded(damaged[: len(ENTRIES)])
    if found is not None:
        chains = LegacyChains(found)
        for name in ("OUTPUT", "own"):
            read = chains.chain(name, None)
            assert read is None or all(isinstance(iptables_text(each), str) for each in read.rules)


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


BEHIND_HEADS = ENTRIES.index(blob.chain_head("ERROR"))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(ENTRIES.replace(blob.entry(blob.verdict(-5)), DROP), id="it does not return"),
        pytest.param(ENTRIES[:BEHIND_HEADS], id="nothing ends it"),
        pytest.param(ENTRIES.replace(REJECT, REJECT[:88] + bytes(8) + REJECT[96:]), id="no entry"),
    ],
)
def test_a_chain_that_is_not_whole_is_none(octets: bytes) -> None:
    chains = LegacyChains(entries(octets))
    assert chains.chain("OUTPUT", None) is not None
    assert chains.chain("own", None) is None


def test_a_built_in_chain_that_is_not_whole_is_none() -> None:
    damaged = DROP[:88] + bytes(8) + DROP[96:] + ENTRIES[len(DROP) :]
    assert LegacyChains(entries(damaged)).chain("OUTPUT", None) is None


def test_of_two_chains_of_one_name_neither_is_meant() -> None:
    doubled = DROP + 2 * JUMP + POLICY + blob.chain_head("own") + OWN + blob.chain_head("ERROR")
    first = len(DROP) + 2 * len(JUMP) + len(POLICY) + blob.HEAD_OCTETS
    second = first + len(OWN) + blob.HEAD_OCTETS
    jumps = blob.entry(blob.verdict(first)) + blob.entry(blob.verdict(second))
    octets = DROP + jumps + POLICY + 2 * (blob.chain_head("own") + OWN) + blob.chain_head("ERROR")
    grown = replace(INFO, policies={"OUTPUT": len(DROP + jumps)}, octets=len(doubled))
    assert LegacyChains(entries(octets, grown)).chain("OUTPUT", None) is None


def test_only_rules_that_a_packet_may_match_are_read_with_their_numbers() -> None:
    elsewhere = Ends(
        version=4, source=None, destination=ip_address("192.0.2.9").packed, protocol=17
    )
    read = LegacyChains(entries()).chain("OUTPUT", elsewhere)
    assert read == Chain(rules=chain_rules("OUTPUT")[1:], numbers=(2,))


ADDRESSES = st.sampled_from([ip_address(f"192.0.2.{last}").packed for last in (0, 1, 2, 255)])
MASKS = st.sampled_from([bytes(4), b"\xff\xff\xff\xfe", b"\xff" * 4, b"\xff\0\xff\xff"])


ASKED = st.tuples(ADDRESSES, MASKS)


@given(ASKED, ASKED, st.sampled_from([0, 17, 6]), st.sampled_from([0, 8, 16, 64, 88]))
def test_just_those_rules_are_left_out_that_the_packet_cannot_match(
    source: tuple[bytes, bytes], destination: tuple[bytes, bytes], protocol: int, inverted: int
) -> None:
    addresses = (source[0], destination[0], source[1], destination[1])
    head = struct.pack("=4s4s4s4s64xHBB", *addresses, protocol, 0, inverted)
    parcel = parcel_of(flow(host="192.0.2.1"), Sender(mark=0, uid=0, gid=0, state=CtState.NEW))
    holds = header_holds(decode_header("ip", head), parcel)
    assert misses("ip", memoryview(head), 0, ends_of(parcel)) is (holds is False)
    from_somebody = replace(parcel, source=unknown(4, "who sends it"))
    if misses("ip", memoryview(head), 0, ends_of(from_somebody)):
        assert header_holds(decode_header("ip", head), from_somebody) is False


def test_the_header_of_ipv6_has_its_own_layout() -> None:
    address = ip_address("2001:db8::1").packed
    octets = struct.pack(
        "=16s16s16s16s16s16s16s16sHBBB3x",
        *(address, bytes(16), b"\xff" * 16, bytes(16)),
        *(bytes(16), b"eth0".ljust(16, b"\0"), bytes(16), b"\xff" * 5 + bytes(11)),
        *(58, 0, 1 | 4, 0x08),
    )
    header = decode_header("ip6", octets)
    ends = Ends(version=6, source=address, destination=None, protocol=58)
    assert misses("ip6", memoryview(octets), 0, ends)
    assert not misses("ip6", memoryview(octets), 0, replace(ends, source=bytes(16)))
    assert [words for _, words in header_words(header)] == [
        "! -s 2001:db8::1/128",
        "-o eth0",
        "-p ipv6-icmp",
    ]
    assert (header.is_goto, header.is_later_fragment) == (True, False)
