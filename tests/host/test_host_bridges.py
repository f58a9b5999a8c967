"""Bridges, their ports and forwarding entries out of the kernel's octets."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, native32, nest, string
from edgediag.host.bridges import (
    BridgeLink,
    behind_request,
    decode_bridge_link,
    decode_mac,
    decode_port,
    link_request,
    neighbour_request,
    ports_request,
)

MAC = bytes.fromhex("0200000000b0")
BRIDGE = (
    link_request(7)
    + string(3, "br0")
    + attribute(1, MAC)
    + nest(18, string(1, "bridge"), nest(2, attribute(7, b"\1"), attribute(36, b"\1")))
)
PORT = (
    link_request(9)
    + string(3, "p1")
    + native32(10, 7)
    + nest(18, string(1, "veth"), string(4, "bridge"), nest(5, attribute(1, b"\3")))
)
NEIGHBOUR = bytes.fromhex("02" "000000" "07000000" "0200" "00" "01")
FORWARDING = bytes.fromhex("07" "000000" "09000000" "0200" "00" "00")


def test_a_bridge() -> None:
    assert decode_bridge_link(BRIDGE) == BridgeLink(
        name="br0",
        index=7,
        mac=MAC,
        kind="bridge",
        master=0,
        port_kind="",
        is_forwarding=False,
        is_filtering=True,
        is_asking=False,
        calls=frozenset({4}),
    )


def test_a_port_that_carries_frames() -> None:
    assert decode_bridge_link(PORT) == BridgeLink(
        name="p1",
        index=9,
        mac=b"",
        kind="veth",
        master=7,
        port_kind="bridge",
        is_forwarding=True,
        is_filtering=False,
        is_asking=False,
        calls=frozenset(),
    )


def test_a_port_of_an_entry() -> None:
    assert decode_port(FORWARDING) == 9


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(NEIGHBOUR + attribute(2, MAC), MAC, id="one that is reachable"),
        pytest.param(NEIGHBOUR, None, id="one without a MAC"),
        pytest.param(
            NEIGHBOUR[:8] + b"\x20\0\0\1" + attribute(2, MAC), None, id="one that failed"
        ),
    ],
)
def test_the_mac_of_a_neighbour(octets: bytes, expected: bytes | None) -> None:
    assert decode_mac(octets) == expected


def test_questions() -> None:
    assert ports_request(7) == link_request(0) + native32(10, 7)
    assert behind_request(7, MAC)[12:] == attribute(2, MAC) + native32(9, 7)
    asked = neighbour_request(7, ip_address("192.0.2.9"))
    assert (asked[0], asked[12:]) == (2, attribute(1, bytes([192, 0, 2, 9])))


@given(st.binary(max_size=200))
def test_a_link_is_decoded_or_none_never_an_exception(octets: bytes) -> None:
    for head in (b"", link_request(7) + string(3, "br0")):
        decode_bridge_link(head + octets)


@given(st.binary(max_size=80))
def test_a_neighbour_is_decoded_or_none_never_an_exception(octets: bytes) -> None:
    for head in (b"", NEIGHBOUR, FORWARDING):
        decode_mac(head + octets)
        decode_port(head + octets)
