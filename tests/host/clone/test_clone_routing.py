"""Devices, addresses, routes, policy rules and neighbours as requests that make them anew."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, attributes, native32, nested, string, text
from edgediag.host.clone.links import (
    CopiedLink,
    copied_link,
    new_link,
    raise_far_end,
    set_loopback,
)
from edgediag.host.clone.routing import (
    copied_address,
    copied_neighbour,
    copied_route,
    copied_rule,
    is_direct,
)

ETH0 = CopiedLink(
    index=7,
    name="eth0",
    mtu=1450,
    address=bytes.fromhex("020000000001"),
    group=3,
    is_loopback=False,
    is_up=True,
    has_carrier=False,
    has_master=True,
)
FOREVER = struct.pack("=IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0, 0)
GATEWAY = attribute(5, bytes([192, 0, 2, 2]))
DEVICE = native32(4, 7)


def link_head(index: int, flags: int, change: int = 0) -> bytes:
    return struct.pack("=BxHiII", 0, 1, index, flags, change)


def route_head(flags: int) -> bytes:
    return struct.pack("=BBBBBBBBI", 2, 24, 0, 0, 254, 3, 0, 1, flags)


def test_a_device_is_read() -> None:
    payload = link_head(7, 0x1003) + string(3, "eth0") + native32(4, 1450)
    payload += attribute(1, ETH0.address) + native32(10, 9) + native32(27, 3)
    assert copied_link(payload) == ETH0


@pytest.mark.parametrize("address", [b"", bytes(6), b"\x01\x00\x5e\x00\x00\x01", bytes(4)])
def test_what_is_no_address_of_a_device_is_left_out(address: bytes) -> None:
    found = copied_link(link_head(1, 0x49) + string(3, "x") + attribute(1, address))
    assert found is not None
    assert (found.address, found.is_loopback, found.is_up) == (b"", True, True)


def test_a_device_becomes_one_end_of_a_pair() -> None:
    made = new_link(ETH0, 5)
    assert made[:16] == struct.pack("=BxHiII", 0, 0, 7, 1, 1)
    found = attributes(made[16:])
    assert (text(found[3]), found[4], found[1]) == ("eth0", native32(4, 1450)[4:], ETH0.address)
    pair = nested(found, 18)
    assert text(pair[1]) == "veth"
    far = attributes(nested(pair, 2)[1][16:])
    assert (text(far[3]), far[28]) == ("far7", native32(28, 5)[4:])
    assert raise_far_end(ETH0) == struct.pack("=BxHiII", 0, 0, 0, 1, 1) + string(3, "far7")
    assert set_loopback(ETH0) == struct.pack("=BxHiII", 0, 0, 7, 1, 1) + native32(4, 1450)


@pytest.mark.parametrize(
    ("flags", "preferred"),
    [pytest.param(0x80, 0xFFFFFFFF, id="an address"), pytest.param(0xA0, 0, id="a deprecated one")],
)
def test_an_address_lasts_and_brings_no_route(flags: int, preferred: int) -> None:
    head = struct.pack("=BBBBI", 2, 24, flags, 0, 7)
    kept = attribute(1, bytes([192, 0, 2, 1])) + string(3, "eth0")
    dumped = head + kept + attribute(6, bytes(16)) + native32(8, flags)
    lasting = struct.pack("=IIII", preferred, 0xFFFFFFFF, 0, 0)
    made = struct.pack("=BBBBI", 2, 24, 0, 0, 7) + kept + native32(8, 0x202)
    assert copied_address(dumped) == made + attribute(6, lasting)


def test_a_route_is_kept_but_for_what_the_kernel_makes_of_it() -> None:
    dumped = route_head(0x10) + GATEWAY + DEVICE + attribute(12, bytes(32)) + native32(30, 4)
    assert copied_route(dumped) == route_head(0) + GATEWAY + DEVICE
    assert copied_route(route_head(0x200) + DEVICE) is None


def test_next_hops_keep_their_weights() -> None:
    hops = struct.pack("=HBBi", 16, 0x11, 1, 7) + GATEWAY + struct.pack("=HBBi", 16, 4, 0, 8)
    hops += GATEWAY
    clean = struct.pack("=HBBi", 16, 0, 1, 7) + GATEWAY + struct.pack("=HBBi", 16, 4, 0, 8)
    made = copied_route(route_head(0) + attribute(9, hops))
    assert made == route_head(0) + attribute(9, clean + GATEWAY)
    assert not is_direct(made)


def test_a_route_without_a_gateway_rests_on_none() -> None:
    assert is_direct(route_head(0) + DEVICE)
    assert not is_direct(route_head(0) + GATEWAY)


def test_a_policy_rule_keeps_its_inversion() -> None:
    head = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 0, 0, 1, 0x0E)
    kept = native32(6, 100) + native32(15, 9027)
    clean = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 0, 0, 1, 2)
    assert copied_rule(head + kept + attribute(18, b"")) == clean + kept


@pytest.mark.parametrize(
    ("state", "flags", "is_kept"),
    [
        pytest.param(0x02, 0, True, id="reachable"),
        pytest.param(0x04, 0, True, id="stale"),
        pytest.param(0x20, 0, False, id="failed"),
        pytest.param(0x40, 0, False, id="without ARP"),
        pytest.param(0x80, 0x08, False, id="a proxy"),
    ],
)
def test_neighbours_that_packets_are_sent_to(state: int, flags: int, is_kept: bool) -> None:
    kept = attribute(1, bytes([192, 0, 2, 2])) + attribute(2, ETH0.address)
    dumped = struct.pack("=BxxxiHBB", 2, 7, state, flags, 1) + kept + attribute(3, bytes(16))
    made = struct.pack("=BxxxiHBB", 2, 7, 0x80, 0, 1) + kept
    assert copied_neighbour(dumped) == (made if is_kept else None)


@pytest.mark.parametrize(
    "decode", [copied_address, copied_route, copied_rule, copied_neighbour, copied_link]
)
@given(st.binary(max_size=120))
def test_whatever_the_kernel_says_is_copied_or_left_out(
    decode: Callable[[bytes], object], payload: bytes
) -> None:
    found = decode(payload)
    assert found is None or isinstance(found, bytes | CopiedLink)


@given(st.binary(max_size=120))
def test_whatever_the_device_it_can_be_made(payload: bytes) -> None:
    link = copied_link(payload)
    assert link is None or new_link(link, 3)
