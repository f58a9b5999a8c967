"""The question for one flow's route, and the routes the kernel tells."""

import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, attributes, native32, nest
from edgediag.host.routes import (
    LOCAL,
    UNICAST,
    RouteKey,
    RouteMessage,
    covers,
    decode_route,
    lookup_request,
    typed_dump_request,
)
from edgediag.model.flow import Flow, Protocol

HEADER_OCTETS = 12


def key(destination: str, source: str, protocol: Protocol = Protocol.UDP) -> RouteKey:
    flow = Flow(
        protocol=protocol,
        source=ip_address(source),
        source_port=40000,
        destination=ip_address(destination),
        destination_port=4500,
    )
    return RouteKey(flow=flow, mark=0x40, uid=1000, incoming=None)


def u32(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder)


FULL = {
    1: b"\xc6\x33\x64\x15",
    2: b"\xc0\0\2\x0a",
    16: u32(0x40),
    25: u32(1000),
    27: b"\x11",
    28: (40000).to_bytes(2, "big"),
    29: (4500).to_bytes(2, "big"),
}


@pytest.mark.parametrize(
    ("asked", "absent", "changed"),
    [
        pytest.param(key("198.51.100.21", "192.0.2.10"), (), {}, id="every key of a UDP flow"),
        pytest.param(key("198.51.100.21", "0.0.0.0"), (2,), {}, id="the kernel chooses the source"),
        pytest.param(
            key("198.51.100.21", "192.0.2.10", Protocol.ICMP),
            (28, 29),
            {27: b"\1"},
            id="an echo has no ports",
        ),
    ],
)
def test_the_keys_of_a_question(
    asked: RouteKey, absent: tuple[int, ...], changed: dict[int, bytes]
) -> None:
    request = lookup_request(asked, is_match=False)
    expected = {type_: value for type_, value in FULL.items() if type_ not in absent} | changed
    assert attributes(request[HEADER_OCTETS:]) == expected


def test_the_device_that_a_packet_comes_in_by_is_a_key() -> None:
    asked = replace(key("198.51.100.21", "192.0.2.10"), incoming=("in0", 7))
    request = lookup_request(asked, is_match=False)
    assert attributes(request[HEADER_OCTETS:])[3] == u32(7)


def test_ports_that_are_not_known_are_left_open() -> None:
    asked = key("198.51.100.21", "192.0.2.10")
    flow = replace(asked.flow, source_port=0)
    request = lookup_request(replace(asked, flow=flow), is_match=False)
    assert 28 not in attributes(request[HEADER_OCTETS:])


@pytest.mark.parametrize(
    ("destination", "source", "is_match", "header"),
    [
        pytest.param(
            "198.51.100.21",
            "192.0.2.10",
            False,
            bytes([2, 32, 32]) + bytes(5) + u32(0x1000),
            id="4",
        ),
        pytest.param(
            "198.51.100.21",
            "192.0.2.10",
            True,
            bytes([2, 32, 32]) + bytes(5) + u32(0x3000),
            id="4 m",
        ),
        pytest.param(
            "2001:db8::21",
            "::",
            False,
            bytes([10, 128, 0]) + bytes(5) + u32(0),
            id="IPv6 tells its table unasked, and refuses to be asked",
        ),
        pytest.param(
            "2001:db8::21",
            "2001:db8::1",
            True,
            bytes([10, 128, 128]) + bytes(5) + u32(0x2000),
            id="6",
        ),
    ],
)
def test_the_header_of_a_question(
    destination: str, source: str, is_match: bool, header: bytes
) -> None:
    assert lookup_request(key(destination, source), is_match=is_match)[:HEADER_OCTETS] == header


def test_a_dump_is_filtered_by_type_in_the_kernel() -> None:
    assert typed_dump_request(6, 6) == bytes([10, 0, 0, 0, 0, 0, 0, 6]) + bytes(4)


def told(
    *found: bytes, family: int = 2, length: int = 0, type_: int = UNICAST, table: int = 254
) -> bytes:
    return bytes([family, length, 0, 0, table, 0, 0, type_]) + bytes(4) + b"".join(found)


DEFAULT = RouteMessage(
    type_=UNICAST,
    destination=IPv4Address("0.0.0.0"),
    length=0,
    prefix="default",
    table=254,
    oif=0,
    gateway=None,
    preferred_source=None,
    mtu=None,
)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(told(), DEFAULT, id="a default route of nothing"),
        pytest.param(
            told(
                attribute(1, b"\xc6\x33\x64\0"),
                native32(4, 3),
                attribute(5, b"\xc0\0\2\1"),
                attribute(7, b"\xc0\0\2\x0a"),
                native32(15, 9027),
                nest(8, native32(2, 1400)),
                length=24,
                table=252,
            ),
            RouteMessage(
                type_=UNICAST,
                destination=IPv4Address("198.51.100.0"),
                length=24,
                prefix="198.51.100.0/24",
                table=9027,
                oif=3,
                gateway=IPv4Address("192.0.2.1"),
                preferred_source=IPv4Address("192.0.2.10"),
                mtu=1400,
            ),
            id="a route with everything, in a table above 255",
        ),
        pytest.param(
            told(attribute(18, b"\x0a\0" + IPv6Address("2001:db8::1").packed)),
            replace(DEFAULT, gateway=IPv6Address("2001:db8::1")),
            id="an IPv4 route through an IPv6 gateway",
        ),
        pytest.param(
            told(type_=LOCAL, table=255),
            replace(DEFAULT, type_=LOCAL, table=255),
            id="to this host",
        ),
        pytest.param(told(attribute(5, b"\1\2")), DEFAULT, id="a gateway that is no address"),
        pytest.param(told(length=33), None, id="a prefix longer than the address"),
        pytest.param(told(family=7), None, id="another family"),
        pytest.param(told()[:11], None, id="one octet short"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_a_route(payload: bytes, expected: RouteMessage | None) -> None:
    assert decode_route(payload) == expected


@pytest.mark.parametrize(
    ("network", "length", "address", "expected"),
    [
        pytest.param("198.51.100.0", 24, "198.51.100.21", True, id="inside"),
        pytest.param("198.51.100.0", 24, "198.51.101.21", False, id="beside"),
        pytest.param("0.0.0.0", 0, "198.51.100.21", True, id="the default holds all"),
        pytest.param("0.0.0.0", 0, "2001:db8::1", False, id="of its own family"),
    ],
)
def test_what_a_prefix_holds(network: str, length: int, address: str, expected: bool) -> None:
    route = replace(DEFAULT, destination=ip_address(network), length=length)
    assert covers(route, ip_address(address)) is expected


@given(st.binary(max_size=80))
def test_any_payload_is_a_route_or_none_never_an_exception(payload: bytes) -> None:
    assert decode_route(payload) is None or len(payload) >= HEADER_OCTETS


@given(st.sampled_from([2, 10]), st.lists(st.tuples(st.integers(1, 30), st.binary(max_size=18))))
def test_any_attributes_are_a_route_never_an_exception(
    family: int, found: list[tuple[int, bytes]]
) -> None:
    made = told(*(attribute(type_, value) for type_, value in found), family=family)
    assert decode_route(made) is not None
