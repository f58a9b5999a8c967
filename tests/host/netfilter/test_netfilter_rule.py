"""Rules and chains of nf_tables, from the kernel's messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest, string
from edgediag.host.netfilter.rule import (
    FilterChain,
    FilterRule,
    RuleKey,
    decode_filter_chain,
    decode_filter_rule,
    rule_key,
)
from edgediag.host.netfilter.statement import NoTrack

INET, NETDEV, ARP = (bytes([number, 0, 0, 0]) for number in (1, 5, 3))
HANDLE = attribute(3, (258).to_bytes(8, "big"))
EXPRESSIONS = nest(4, nest(1, string(1, "notrack")))


def test_a_rule() -> None:
    payload = INET + string(1, "t") + string(2, "c") + HANDLE + EXPRESSIONS
    assert decode_filter_rule(payload) == FilterRule(
        family="inet", table="t", chain="c", handle=258, expressions=(NoTrack(),), comment=""
    )


def test_a_rule_is_named_without_being_read() -> None:
    payload = INET + string(1, "t") + string(2, "c") + HANDLE + attribute(4, b"\xff")
    assert rule_key(payload) == RuleKey(family="inet", table="t", chain="c", handle=258)


@pytest.mark.parametrize(
    ("userdata", "comment"),
    [
        pytest.param(b"\0\7no ike\0", "no ike", id="a comment"),
        pytest.param(b"\1\2xx\0\2a\0", "a", id="behind another kind"),
        pytest.param(b"\1\2xx", "", id="only another kind"),
        pytest.param(b"\0\x09ab", "ab", id="cut off"),
        pytest.param(b"\0", "", id="too short"),
    ],
)
def test_the_comment_is_user_data_of_type_0(userdata: bytes, comment: str) -> None:
    payload = INET + string(1, "t") + string(2, "c") + HANDLE + attribute(7, userdata)
    rule = decode_filter_rule(payload)
    assert rule is not None and rule.comment == comment


@pytest.mark.parametrize(
    ("family", "hook", "policy", "expected"),
    [
        pytest.param(INET, 3, 0, ("inet", "output", "drop"), id="a base chain"),
        pytest.param(INET, 5, 1, ("inet", "ingress", "accept"), id="ingress of inet"),
        pytest.param(NETDEV, 1, 1, ("netdev", "egress", "accept"), id="netdev counts for itself"),
        pytest.param(ARP, 1, 1, ("arp", "output", "accept"), id="arp counts for itself"),
        pytest.param(INET, 99, 1, ("inet", "", "accept"), id="a hook of a newer kernel"),
        pytest.param(INET, None, None, ("inet", "", "accept"), id="a chain of the user's own"),
    ],
)
def test_a_chain(
    family: bytes, hook: int | None, policy: int | None, expected: tuple[str, str, str]
) -> None:
    hooked = b"" if hook is None else nest(4, big32(1, hook), big32(2, 0))
    decided = b"" if policy is None else big32(5, policy)
    words, name, outcome = expected
    payload = family + string(1, "t") + string(3, "c") + hooked + decided
    assert decode_filter_chain(payload) == FilterChain(
        family=words, table="t", name="c", hook=name, policy=outcome
    )


@given(st.binary())
def test_any_payload_is_a_value_or_none_never_an_exception(payload: bytes) -> None:
    assert decode_filter_rule(payload) is None or payload
    assert decode_filter_chain(payload) is None or payload
    assert rule_key(payload).handle >= 0
