"""Rules that are passed by unread: no packet of their chain may be one that they match."""

import json
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, attributes, big32, nest, string
from edgediag.host.netfilter.ip_header import Ends
from edgediag.host.netfilter.nft import decode_expressions
from edgediag.host.netfilter.rule import FilterRule, decode_filter_rule
from edgediag.host.netfilter.rule_front import Fronts
from edgediag.host.walk.header import ends_of
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.octets import unknown, within
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.host.walk.rule_machine import Evaluated, Outcome, evaluate
from edgediag.model.flow import Address, Flow, Protocol

DATA = Path(__file__).parent.parent / "data"
HERE, THERE, OTHER = (ip_address(f"192.0.2.{last}") for last in (1, 2, 3))
HERE_6, THERE_6, OTHER_6 = (ip_address(f"2001:db8::{last}") for last in (1, 2, 3))
EQUAL, NOT_EQUAL = 0, 1
NFPROTO, L4PROTO, IIFNAME, SKUID, PKTTYPE = 15, 16, 6, 10, 19


def element(name: str, *data: bytes) -> bytes:
    return attribute(1, string(1, name) + attribute(2, b"".join(data)))


def payload(base: int, offset: int, length: int, register: int = 1) -> bytes:
    numbers = (big32(n, value) for n, value in ((1, register), (2, base), (3, offset), (4, length)))
    return element("payload", *numbers)


def meta(key: int, register: int = 1) -> bytes:
    return element("meta", big32(2, key), big32(1, register))


def compare(value: bytes, operator: int = EQUAL, register: int = 1) -> bytes:
    data = attribute(3, attribute(1, value))
    return element("cmp", big32(1, register), big32(2, operator), data)


TO_OTHER = payload(1, 16, 4) + compare(OTHER.packed)
FROM_OTHER = payload(1, 12, 4) + compare(OTHER.packed)
TCP, IPV6 = meta(L4PROTO) + compare(b"\x06"), meta(NFPROTO) + compare(b"\x0a")
COUNTER = element("counter", attribute(1, bytes(8)), attribute(2, bytes(8)))
MASK = attribute(4, attribute(1, b"\xff\xff\xff\0")) + attribute(5, attribute(1, bytes(4)))
BITWISE = element("bitwise", big32(1, 1), big32(2, 1), big32(3, 4), MASK)
DROP = element("immediate", big32(1, 0), attribute(2, attribute(2, big32(1, 0))))
ENDS = Ends(version=4, source=HERE.packed, destination=THERE.packed, protocol=17)
ENDS_6 = Ends(version=6, source=HERE_6.packed, destination=THERE_6.packed, protocol=17)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        pytest.param(TO_OTHER, True, id="to another"),
        pytest.param(FROM_OTHER, True, id="from another"),
        pytest.param(TCP, True, id="of another protocol"),
        pytest.param(IPV6, True, id="of the other version"),
        pytest.param(payload(1, 16, 1) + compare(b"\x0a"), True, id="another first octet"),
        pytest.param(payload(1, 18, 2) + compare(b"\0\0"), True, id="other last octets"),
        pytest.param(meta(L4PROTO) + compare(b"\x11") + TO_OTHER, True, id="its protocol, another"),
        pytest.param(meta(IIFNAME) + compare(bytes(16)) + TO_OTHER, True, id="a device, another"),
        pytest.param(
            meta(IIFNAME) + compare(bytes(16), NOT_EQUAL) + TO_OTHER, True, id="no device, another"
        ),
        pytest.param(payload(1, 16, 4) + compare(THERE.packed), False, id="its destination"),
        pytest.param(payload(1, 12, 4) + compare(HERE.packed), False, id="its source"),
        pytest.param(meta(L4PROTO) + compare(b"\x11"), False, id="its protocol"),
        pytest.param(b"", False, id="nothing asked"),
        pytest.param(payload(1, 16, 4), False, id="nothing compared"),
        pytest.param(COUNTER + TO_OTHER, False, id="counts first"),
        pytest.param(element("limit") + TO_OTHER, False, id="limits first"),
        pytest.param(element("log") + TO_OTHER, False, id="logs first"),
        pytest.param(element("dynset") + TO_OTHER, False, id="fills a set first"),
        pytest.param(meta(IIFNAME) + COUNTER + TO_OTHER, False, id="counts between"),
        pytest.param(
            payload(1, 16, 4) + compare(OTHER.packed, NOT_EQUAL), False, id="to any other"
        ),
        pytest.param(payload(1, 16, 4) + compare(OTHER.packed, 2), False, id="below another"),
        pytest.param(
            payload(1, 16, 4) + BITWISE + compare(OTHER.packed), False, id="a part of it"
        ),
        pytest.param(payload(1, 16, 4, 2) + compare(OTHER.packed), False, id="into a register"),
        pytest.param(
            payload(1, 16, 4) + compare(OTHER.packed, register=2), False, id="of a register"
        ),
        pytest.param(payload(1, 16, 4) + compare(b"\x0a"), False, id="fewer octets than loaded"),
        pytest.param(payload(1, 16, 1) + compare(OTHER.packed), False, id="more than loaded"),
        pytest.param(payload(1, 14, 4) + compare(bytes(4)), False, id="parts of two addresses"),
        pytest.param(payload(1, 9, 1) + compare(b"\x06"), False, id="a protocol that rules write"),
        pytest.param(payload(2, 2, 2) + compare(b"\0\1"), False, id="a port"),
        pytest.param(payload(0, 16, 4) + compare(OTHER.packed), False, id="of the frame"),
        pytest.param(meta(IIFNAME) + compare(b"eth0".ljust(16, b"\0")), False, id="a device"),
        pytest.param(
            attribute(2, payload(1, 16, 4)[4:]) + compare(OTHER.packed), False, id="no load"
        ),
        pytest.param(
            payload(1, 16, 4) + attribute(2, compare(OTHER.packed)[4:]), False, id="no comparison"
        ),
        pytest.param(
            nest(1, string(1, "cmp"), nest(2, big32(1, 1))) + TO_OTHER, False, id="compared first"
        ),
    ],
)
def test_a_rule_is_passed_by_where_its_front_cannot_hold(front: bytes, expected: bool) -> None:
    assert Fronts("inet", ENDS).miss(front + COUNTER + DROP) is expected


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        pytest.param(payload(1, 24, 16) + compare(OTHER_6.packed), True, id="to another"),
        pytest.param(payload(1, 8, 16) + compare(OTHER_6.packed), True, id="from another"),
        pytest.param(payload(1, 24, 16) + compare(THERE_6.packed), False, id="its destination"),
        pytest.param(payload(1, 16, 4) + compare(OTHER.packed), True, id="octets of its source"),
        pytest.param(payload(1, 12, 20) + compare(bytes(20)), False, id="more than an address"),
        pytest.param(meta(NFPROTO) + compare(b"\x02"), True, id="of the other version"),
    ],
)
def test_the_header_of_ipv6_has_its_own_places(front: bytes, expected: bool) -> None:
    assert Fronts("inet", ENDS_6).miss(front + DROP) is expected


def test_an_address_that_is_not_known_may_be_any() -> None:
    assert not Fronts("ip", replace(ENDS, destination=None)).miss(TO_OTHER)


def test_a_chain_of_frames_is_called_for_no_version_of_ip() -> None:
    assert not Fronts("bridge", ENDS).miss(IPV6)


def parcel(protocol: Protocol, ends: tuple[Address, Address], port: int) -> Parcel:
    flow = Flow(
        protocol=protocol,
        source=ends[0],
        source_port=port,
        destination=ends[1],
        destination_port=4500,
    )
    return parcel_of(flow, Sender(mark=0, uid=0, gid=0, state=CtState.NEW))


def addresses(*of: Address) -> st.SearchStrategy[tuple[Address, Address]]:
    return st.tuples(st.sampled_from(of), st.sampled_from(of))


ENDS_OF_EITHER = addresses(HERE, THERE, OTHER) | addresses(HERE_6, THERE_6, OTHER_6)


@st.composite
def parcels(draw: st.DrawFn) -> Parcel:
    made = parcel(draw(st.sampled_from(Protocol)), draw(ENDS_OF_EITHER), draw(st.integers(0, 2)))
    octets = len(made.source.value)
    somebody = draw(st.sampled_from((None, unknown(octets, "?"), within(made.source, 24, "?"))))
    blurred = draw(st.sets(st.sampled_from([(1, 8, 4), (1, 1, 1), (1, 6, 1)])))
    made = replace(made, source=somebody or made.source, blurred=frozenset(blurred))
    return replace(made, destination=unknown(octets, "?")) if draw(st.booleans()) else made


VALUES = st.sampled_from(
    [each.packed for each in (HERE, THERE, OTHER, HERE_6, THERE_6, OTHER_6)]
    + [b"\x06", b"\x11", b"\x02", b"\x0a", b"\xc0", b"\x20\x01", b"\x11\x94", bytes(16), b""]
)
REGISTERS = st.sampled_from([1, 1, 1, 2, 8, 9])
LOADS = st.builds(
    payload,
    st.integers(0, 3),
    st.sampled_from([0, 6, 8, 9, 12, 14, 16, 24, 30]),
    st.sampled_from([1, 2, 4, 16, 32]),
    REGISTERS,
) | st.builds(meta, st.sampled_from([1, IIFNAME, SKUID, NFPROTO, L4PROTO, PKTTYPE]), REGISTERS)
COMPARISONS = st.builds(compare, VALUES, st.sampled_from([0, 0, 0, 1, 2, 5]), REGISTERS)
AT_HOME = st.builds(
    lambda begin, value: payload(1, begin, len(value)) + compare(value),
    st.sampled_from([8, 12, 16, 24]),
    VALUES,
)
OTHERS = st.sampled_from([COUNTER, BITWISE, TCP, IPV6, DROP, element("limit"), element("ct")])
RULES = st.lists(AT_HOME | st.builds(bytes.__add__, LOADS, COMPARISONS) | LOADS | OTHERS)


def evaluated(octets: bytes, family: str, met: Parcel) -> Evaluated:
    rule = FilterRule(
        family=family,
        table="t",
        chain="c",
        handle=1,
        expressions=decode_expressions(octets),
        comment="",
    )
    return evaluate(rule, met, Inquiry({}))


def is_no_match(said: Evaluated, met: Parcel) -> bool:
    """Whether the next rule is asked about the same packet, whatever is not known."""
    return said.outcomes == (Outcome(parcel=met, ending=None, reason=""),) and said.doubts == ()


@given(RULES, st.sampled_from(["ip", "ip6", "inet", "bridge", "netdev"]), parcels())
def test_what_is_passed_by_does_not_match(
    rule: Sequence[bytes], family: str, met: Parcel
) -> None:
    octets = b"".join(rule)
    if Fronts(family, ends_of(met)).miss(octets):
        assert is_no_match(evaluated(octets, family, met), met)


@given(RULES, st.data(), parcels())
def test_what_is_passed_by_of_damaged_rules_does_not_match_either(
    rule: Sequence[bytes], data: st.DataObject, met: Parcel
) -> None:
    octets = bytearray(b"".join(rule))
    for place in data.draw(st.lists(st.integers(0, max(0, len(octets) - 1)), max_size=3)):
        octets[place : place + 1] = data.draw(st.binary(max_size=2))
    if Fronts("inet", ends_of(met)).miss(bytes(octets)):
        assert is_no_match(evaluated(bytes(octets), "inet", met), met)


@given(st.binary())
def test_any_octets_are_passed_by_or_not_and_never_an_exception(octets: bytes) -> None:
    assert Fronts("ip", ENDS).miss(octets) in (True, False)


@pytest.mark.parametrize(("name", "fewest"), [("iptables.json", 30), ("ruleset.json", 10)])
def test_of_rules_as_the_kernel_dumps_them_those_that_do_not_match_are_passed_by(
    name: str, fewest: int
) -> None:
    met = parcel(Protocol.ICMP, (IPv4Address("203.0.113.77"), IPv4Address("203.0.113.78")), 1)
    met_6 = parcel(Protocol.ICMP, (IPv6Address("2001:db8:7::1"), IPv6Address("2001:db8:7::2")), 1)
    dumped = [bytes.fromhex(each["rule"]) for each in json.loads(DATA.joinpath(name).read_text())]
    passed_by = 0
    for octets in dumped:
        rule = decode_filter_rule(octets)
        assert rule is not None
        for each in (met, met_6):
            if Fronts(rule.family, ends_of(each)).miss(attributes(octets[4:])[4]):
                assert is_no_match(evaluate(rule, each, Inquiry({})), each)
                passed_by += 1
    assert passed_by >= fewest
