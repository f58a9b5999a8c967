"""Routing policy rules: recorded dumps, their words, and the flows they cover."""

import sys
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, native32, string
from edgediag.host.routes import RouteKey
from edgediag.host.rule_text import policy_rule, rule_text
from edgediag.host.rules import Rule, covers, decode_rule
from edgediag.model.flow import Flow, Protocol
from edgediag.model.route import PolicyRule

# As Linux 6.18 dumps them on x86-64, beside what `ip rule` (iproute2 6.1) prints.
RECORDED = {
    "from all lookup local": (
        "02000000ff0000010000000008000f00ff00000008000e00ffffffff0500150002000000"
    ),
    "not from 203.0.113.0/24 to 198.51.100.21 lookup 9027": (
        "02201800fc0000010200000008000f004323000008000e00ffffffff05001500000000000800060064000000"
        "08000100c633641508000200cb007100"
    ),
    "from all fwmark 0x40/0xff uidrange 0-0 ipproto udp sport 40000-41000 dport 4500 prohibit": (
        "02000000000000080000000008000f000000000008000e00ffffffff05001500000000000800060065000000"
        "08000a004000000008001000ff0000000c001400000000000000000008001700409c28a00800180094119411"
        "06001d00ffff00000500160011000000"
    ),
    "from all iif lo oif eth0 goto 32766": (
        "02000000000000020000000008000f000000000008000e00ffffffff0500150000000000070003006c6f0000"
        "090011006574683000000000080006006600000008000400fe7f0000"
    ),
    "from all tos 0x10 lookup main suppress_prefixlength 0": (
        "02000010fe0000010000000008000f00fe00000008000e000000000005001500000000000800060067000000"
    ),
    "from all tun_id 7 blackhole": (
        "02000000000000060000000008000f000000000008000e00ffffffff05001500000000000800060068000000"
        "0c000c000000000000000007"
    ),
    "from all lookup [l3mdev-table]": (
        "02000000000000010000000008000f000000000008000e00ffffffff05001500000000000800060069000000"
        "0500130001000000"
    ),
    "from all nop": (
        "02000000000000030000000008000f000000000008000e00ffffffff0500150000000000080006006a000000"
    ),
    "from all unreachable": (
        "02000000000000070000000008000f000000000008000e00ffffffff0500150000000000080006006b000000"
    ),
}


@pytest.mark.skipif(sys.byteorder != "little", reason="recorded on a little-endian machine")
@pytest.mark.parametrize("words", [pytest.param(words, id=words) for words in RECORDED])
def test_a_recorded_rule_reads_as_ip_rule_prints_it(words: str) -> None:
    rule = decode_rule(bytes.fromhex(RECORDED[words]))
    assert rule is not None and rule.is_fully_known
    assert rule_text(rule) == words


LOOKUP, PROHIBIT = 1, 8
FRA_SRC, FRA_IIFNAME, FRA_FWMARK, FRA_FWMASK, FRA_OIFNAME = 2, 3, 10, 16, 17
FRA_UID_RANGE, FRA_IP_PROTO, FRA_SPORT, FRA_DPORT, FRA_DSCP = 20, 22, 23, 24, 25
FRA_L3MDEV, FRA_DST = 19, 1
INVERT = 2


def made(*selectors: bytes, bits: tuple[int, int] = (0, 0), flags: int = 0, tos: int = 0) -> Rule:
    header = bytes([2, bits[0], bits[1], tos, 254, 0, 0, LOOKUP]) + native32(0, flags)[4:]
    rule = decode_rule(header + b"".join(selectors))
    assert rule is not None
    return rule


def pair16(type_: int, first: int, last: int) -> bytes:
    order = sys.byteorder
    return attribute(type_, first.to_bytes(2, order) + last.to_bytes(2, order))


def pair32(type_: int, first: int, last: int) -> bytes:
    return attribute(type_, native32(0, first)[4:] + native32(0, last)[4:])


KEY = RouteKey(
    flow=Flow(
        protocol=Protocol.UDP,
        source=ip_address("192.0.2.10"),
        source_port=40000,
        destination=ip_address("198.51.100.21"),
        destination_port=4500,
    ),
    mark=0x140,
    uid=0,
    incoming=None,
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(made(), True, id="from all"),
        pytest.param(made(flags=INVERT), False, id="not from all"),
        pytest.param(
            made(attribute(FRA_SRC, b"\xc0\0\2\0"), bits=(0, 24)), True, id="from our network"
        ),
        pytest.param(
            made(attribute(FRA_SRC, b"\xcb\0\x71\0"), bits=(0, 24)), False, id="from another"
        ),
        pytest.param(
            made(attribute(FRA_SRC, b"\xcb\0\x71\0"), bits=(0, 24), flags=INVERT),
            True,
            id="not from another",
        ),
        pytest.param(
            made(attribute(FRA_DST, b"\xc6\x33\x64\x15"), bits=(32, 0)), True, id="to the host"
        ),
        pytest.param(
            made(native32(FRA_FWMARK, 0x40), native32(FRA_FWMASK, 0xFF)), True, id="masked mark"
        ),
        pytest.param(made(native32(FRA_FWMARK, 0x40)), False, id="the whole mark"),
        pytest.param(made(pair32(FRA_UID_RANGE, 0, 0)), True, id="our uid"),
        pytest.param(made(pair32(FRA_UID_RANGE, 1, 99)), False, id="other uids"),
        pytest.param(made(attribute(FRA_IP_PROTO, b"\x11")), True, id="our protocol"),
        pytest.param(made(attribute(FRA_IP_PROTO, b"\6")), False, id="another protocol"),
        pytest.param(made(pair16(FRA_SPORT, 40000, 41000)), True, id="our source port"),
        pytest.param(made(pair16(FRA_DPORT, 1, 4499)), False, id="other destination ports"),
        pytest.param(made(string(FRA_IIFNAME, "lo")), True, id="what this host sends"),
        pytest.param(made(string(FRA_IIFNAME, "eth0")), False, id="what it forwards"),
        pytest.param(made(string(FRA_OIFNAME, "eth0")), False, id="what is bound to a device"),
        pytest.param(made(attribute(FRA_L3MDEV, b"\1")), False, id="what is in a VRF"),
        pytest.param(made(tos=0x10), False, id="another type of service"),
        pytest.param(made(attribute(FRA_DSCP, b"\x08")), None, id="a selector of a newer kernel"),
        pytest.param(
            made(attribute(FRA_DSCP, b"\x08"), attribute(FRA_IP_PROTO, b"\6")),
            False,
            id="a newer selector matters only where the others hold",
        ),
    ],
)
def test_which_flows_a_rule_covers(rule: Rule, expected: bool | None) -> None:
    assert covers(rule, KEY) is expected


def test_a_selector_that_is_not_read_shows() -> None:
    assert rule_text(made(attribute(FRA_DSCP, b"\x08"))) == "from all ... lookup main"


def test_a_rule_as_the_model_names_it() -> None:
    assert policy_rule(made(native32(6, 100))) == PolicyRule(
        priority=100, action="lookup", table=254, text="from all lookup main"
    )


@given(st.binary(max_size=80))
def test_any_payload_is_a_rule_or_none_never_an_exception(payload: bytes) -> None:
    rule = decode_rule(payload)
    assert rule is None or isinstance(rule_text(rule), str)


@given(st.lists(st.tuples(st.integers(1, 30), st.binary(max_size=8)), max_size=5))
def test_any_selectors_are_covered_or_not_never_an_exception(
    selectors: list[tuple[int, bytes]],
) -> None:
    rule = made(*(attribute(type_, value) for type_, value in selectors))
    assert covers(rule, KEY) in (True, False, None)
