"""A rule in the words of nft(8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest, string
from edgediag.host.netfilter.expression import Compare, InRange, MetaLoad
from edgediag.host.netfilter.nft import DECODERS, decode_expressions
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.text import filter_rule_text, fused

# Where these words differ from nft's, and why: expressions that decide no packet's fate by
# themselves are not read but named, and nft lists anonymous sets of names in an order of its own.
DIFFERENT = {
    "numgen random mod 10 < 5 drop": "[numgen] < 0x5 drop",
    "socket wildcard 0 drop": "[socket] 0x0 drop",
    "tcp option maxseg size set 1300": "[exthdr]",
    "ip dscp set cs2": "meta nfproto ipv4 @nh,0,16 set @nh,0,16 & 0xff03 ^ 0x40",
    "ip saddr . tcp dport { 203.0.113.0/24 . 22-25, 198.51.100.1 . 80 } drop": (
        "ip saddr . tcp dport { 198.51.100.1 . 80, 203.0.113.0/24 . 22-25 } drop"
    ),
}


def test_recorded_rules_read_as_nft_lists_them(recorded_nft) -> None:
    written = {
        one.text: filter_rule_text(one.rule, sets=one.sets, interfaces={1: "lo"})
        for one in recorded_nft
    }
    differences = {text: words for text, words in written.items() if text != words}
    assert differences == {text: DIFFERENT.get(text, text) for text in differences}


def test_more_than_a_hundred_kinds_of_rule_are_recorded(recorded_nft) -> None:
    assert len(recorded_nft) > 100


def test_recorded_iptables_rules_read_as_nft_would_list_them(recorded_iptables) -> None:
    (first, *_) = recorded_iptables
    words = filter_rule_text(first.rule, sets={}, interfaces={})
    assert words == "udp dport 123 counter drop"


def rule(*expressions: bytes, family: str = "inet", comment: str = "") -> FilterRule:
    return FilterRule(
        family=family,
        table="t",
        chain="c",
        handle=1,
        expressions=decode_expressions(b"".join(expressions)),
        comment=comment,
    )


def expression(name: str, *data: bytes) -> bytes:
    return nest(1, string(1, name), nest(2, *data))


LOAD_MARK = expression("meta", big32(1, 1), big32(2, 3))
DROP = expression("immediate", big32(1, 0), nest(2, nest(2, big32(1, 0))))
LOOKUP = expression("lookup", string(1, "__set0"), big32(2, 1))
COMPARE = expression("cmp", big32(1, 1), big32(2, 0), nest(3, attribute(1, b"\1")))


@pytest.mark.parametrize(
    ("expressions", "words"),
    [
        pytest.param((), "", id="a rule of nothing"),
        pytest.param((DROP,), "drop", id="a verdict alone"),
        pytest.param(
            (expression("tunnel"), COMPARE, DROP), "[tunnel] 0x1 drop", id="what it tests is named"
        ),
        pytest.param((expression("tunnel"), DROP), "[tunnel] drop", id="what it does is named"),
        pytest.param((COMPARE, DROP), "[register] 0x1 drop", id="a register nothing was put in"),
        pytest.param(
            (LOAD_MARK, LOOKUP, DROP), "meta mark @__set0 drop", id="a set that could not be read"
        ),
        pytest.param(
            (expression("meta", big32(1, 1), big32(2, 99)), COMPARE),
            "[meta 99] 0x1",
            id="a key of a newer kernel",
        ),
    ],
)
def test_what_is_not_known_stays_visible(expressions: tuple[bytes, ...], words: str) -> None:
    assert filter_rule_text(rule(*expressions), sets={}, interfaces={}) == words


def test_the_comment_comes_last() -> None:
    words = filter_rule_text(rule(DROP, comment="no ike"), sets={}, interfaces={})
    assert words == 'drop comment "no ike"'


def test_at_least_and_at_most_are_one_range() -> None:
    load = MetaLoad(key=3, slot=0)
    least = Compare(operator=5, slot=0, value=b"\1")
    most = Compare(operator=3, slot=0, value=b"\2")
    assert fused((load, least, most)) == (
        load,
        InRange(is_negated=False, slot=0, first=b"\1", last=b"\2"),
    )


ATTRIBUTES = st.lists(
    st.builds(attribute, st.integers(1, 9), st.binary(max_size=20))
    | st.builds(big32, st.integers(1, 9), st.integers(0, 20))
    | st.builds(
        lambda type_, value: nest(type_, attribute(1, value)),
        st.integers(1, 9),
        st.binary(max_size=20),
    ),
    max_size=6,
)
EXPRESSIONS = st.lists(
    st.builds(
        lambda name, data: expression(name, *data),
        st.sampled_from([*DECODERS, "numgen"]),
        ATTRIBUTES,
    ),
    max_size=6,
)


@given(EXPRESSIONS, st.sampled_from(["inet", "ip", "ip6", "netdev", "bridge", "arp", "0"]))
def test_any_rule_has_words_never_an_exception(expressions: list[bytes], family: str) -> None:
    made = rule(*expressions, family=family)
    assert isinstance(filter_rule_text(made, sets={}, interfaces={}), str)
