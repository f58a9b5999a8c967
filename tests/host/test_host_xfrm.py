"""IPsec tables out of the kernel's octets, without their keys, and which policy decides."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.xfrm import (
    decode_counts,
    decode_policy,
    decode_state,
    grown_counts,
    grown_states,
)
from edgediag.host.xfrm_match import deciding_policy, selector_text
from edgediag.model.flow import Flow, Protocol
from edgediag.model.xfrm import XfrmCount, XfrmPolicy, XfrmSelector, XfrmState, XfrmTemplate

ANY = bytes.fromhex("ff" * 32) + bytes(32)
SELECTOR = bytes.fromhex(
    "c000020a000000000000000000000000c633640a000000000000000000000000"
    "0000" "0000" "192b" "ffff" "0200" "20" "20" "06" "000000" "00000000" "00000000"
)
# struct xfrm_userpolicy_info behind its selector, of "dir in action block priority 7".
BLOCK = SELECTOR + ANY + bytes(32) + bytes.fromhex("0700000008000000" "0001" "000000000000")
TEMPLATE = bytes.fromhex(
    "4400" "0500" "c6336415000000000000000000000000" "00000000" "32" "000000" "0200" "0000"
    "c000020a000000000000000000000000" "05400000" "01000000" "ffffffff" "ffffffff" "ffffffff"
)
POLICY = XfrmPolicy(
    direction="in",
    action="block",
    priority=7,
    index=8,
    selector=XfrmSelector(
        source=(ip_address("198.51.100.10"), 32),
        destination=(ip_address("192.0.2.10"), 32),
        source_port=(6443, 0xFFFF),
        destination_port=(0, 0),
        ip_protocol=6,
        is_narrower=False,
    ),
    templates=(),
)
END = XfrmTemplate(
    source=ip_address("192.0.2.10"),
    destination=ip_address("198.51.100.21"),
    protocol="esp",
    mode="tunnel",
    request=16389,
)
# struct xfrm_usersa_info; then XFRMA_ALG_CRYPT, whose octets are a key, and XFRMA_ENCAP.
STATE = (
    SELECTOR
    + bytes.fromhex("c6336415000000000000000000000000" "00001234" "32" "000000")
    + bytes.fromhex("c000020a000000000000000000000000")
    + ANY
    + (4096).to_bytes(8, "little")
    + bytes(24 + 12 + 4)
    + bytes.fromhex("05400000" "0200" "01" "0000" "00000000000000000000")
)
KEY = bytes.fromhex("0800" "0200" "deadbeef")
ENCAP = bytes.fromhex("1c00" "0400" "0200" "1194" "1194" "0000") + bytes(16)
FLOW = Flow(
    protocol=Protocol.TCP,
    source=ip_address("198.51.100.10"),
    source_port=6443,
    destination=ip_address("192.0.2.10"),
    destination_port=40000,
)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(BLOCK, POLICY, id="a block policy"),
        pytest.param(BLOCK + TEMPLATE, replace(POLICY, templates=(END,)), id="with a tunnel"),
        pytest.param(
            BLOCK + bytes.fromhex("0c0015000100000001000000"),
            replace(POLICY, selector=replace(POLICY.selector, is_narrower=True)),
            id="with a mark it may select less",
        ),
        pytest.param(BLOCK[:160] + b"\x03" + BLOCK[161:], None, id="of a single socket"),
        pytest.param(BLOCK[:-1], None, id="too short"),
    ],
)
def test_a_policy(octets: bytes, expected: XfrmPolicy | None) -> None:
    assert decode_policy(octets) == expected


def test_a_state_is_read_without_its_key() -> None:
    assert decode_state(STATE + KEY + ENCAP) == XfrmState(
        source=ip_address("192.0.2.10"),
        destination=ip_address("198.51.100.21"),
        spi=0x1234,
        protocol="esp",
        mode="tunnel",
        request=16389,
        is_in_udp=True,
        ports=(4500, 4500),
        octets=4096,
    )


def test_counters_that_stand_at_zero_are_left_out() -> None:
    text = "XfrmInError             \t0\nXfrmInPolBlock          \t12\n"
    assert decode_counts(text) == (XfrmCount(name="XfrmInPolBlock", count=12),)


def test_how_far_counters_rose_between_two_readings() -> None:
    before, after = (
        decode_counts(f"XfrmInNoPols \t{count}\nXfrmInError \t3\n{more}")
        for count, more in ((2, ""), (9, "XfrmOutNoStates \t4\n"))
    )
    rises = {item.name: item.meanwhile for item in grown_counts(before, after)}
    assert rises == {"XfrmInNoPols": 7, "XfrmInError": 0, "XfrmOutNoStates": 4}


@given(st.binary(max_size=400), st.text(max_size=40))
def test_any_octets_are_a_value_or_none(octets: bytes, text: str) -> None:
    for tail in (octets, BLOCK + octets):
        assert isinstance(decode_policy(tail), XfrmPolicy | None)
    for tail in (octets, STATE + octets):
        assert isinstance(decode_state(tail), XfrmState | None)
    assert isinstance(decode_counts(text), tuple)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param((POLICY,), POLICY, id="the one that selects it"),
        pytest.param((replace(POLICY, direction="out"),), None, id="none of the other direction"),
        pytest.param(
            (POLICY, replace(POLICY, action="allow", priority=3)),
            replace(POLICY, action="allow", priority=3),
            id="the lower priority goes first",
        ),
        pytest.param(
            (POLICY, replace(POLICY, action="allow")), None, id="equals that differ tell nothing"
        ),
        pytest.param(
            (replace(POLICY, selector=replace(POLICY.selector, source_port=(443, 0xFFFF))),),
            None,
            id="another port",
        ),
        pytest.param(
            (replace(POLICY, selector=replace(POLICY.selector, is_narrower=True)),),
            None,
            id="one that may select less tells nothing",
        ),
    ],
)
def test_the_policy_that_decides(
    policies: tuple[XfrmPolicy, ...], expected: XfrmPolicy | None
) -> None:
    assert deciding_policy(policies, "in", FLOW) == expected


def test_a_selector_in_words() -> None:
    words = "src 198.51.100.10/32 dst 192.0.2.10/32 proto tcp sport 6443"
    assert selector_text(POLICY.selector) == words


def test_what_an_association_carried_between_two_readings() -> None:
    before = decode_state(STATE + KEY + ENCAP)
    assert before is not None
    after = replace(before, octets=before.octets + 120)
    fresh = replace(after, spi=9)
    assert grown_states((before,), (after, fresh)) == (replace(after, octets_meanwhile=120), fresh)
