"""VXLAN devices, forwarding entries and routes of an overlay out of the kernel's octets."""

import sys
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, native32, nest, string
from edgediag.host.overlay_routes import decode_overlay_route, table_routes_request
from edgediag.host.vxlan import (
    decode_device,
    decode_forwarding,
    devices_request,
    forwarding_request,
)
from edgediag.model.overlay import ForwardingEntry, OverlayRoute, VxlanDevice

NAMES = {2: "eth0", 5: "flannel.1"}
LINK = bytes(16)
FLANNEL = LINK + string(3, "flannel.1") + nest(
    18,
    string(1, "vxlan"),
    nest(
        2,
        native32(1, 1),
        native32(3, 2),
        attribute(4, bytes.fromhex("c000020a")),
        attribute(7, b"\0"),
        attribute(15, bytes.fromhex("2118")),
        attribute(18, b"\1"),
    ),
)
ENTRY = bytes.fromhex("07" "000000" "05000000" "8000" "02" "00")
ROUTE = bytes.fromhex("02" "18" "00" "00" "00" "00" "00" "01" "00000000")


def test_a_device() -> None:
    assert decode_device(FLANNEL, NAMES) == VxlanDevice(
        interface="flannel.1",
        vni=1,
        port=8472,
        local=ip_address("192.0.2.10"),
        remote=None,
        underlay="eth0",
        is_learning=False,
        is_asking=False,
        is_external=False,
        has_checksum=True,
    )


def test_how_many_packets_came_out_of_a_device() -> None:
    counters = attribute(23, (7).to_bytes(8, sys.byteorder) + bytes(184))
    counted = decode_device(FLANNEL + counters, {})
    assert counted is not None
    assert counted.received == 7


def test_a_device_of_another_kind_is_none() -> None:
    assert decode_device(LINK + nest(18, string(1, "veth")), NAMES) is None


def test_an_entry() -> None:
    node = attribute(1, bytes([192, 0, 2, 11]))
    octets = ENTRY + attribute(2, bytes.fromhex("02000af40200")) + node
    assert decode_forwarding(octets, NAMES) == ForwardingEntry(
        interface="flannel.1", mac="02:00:0a:f4:02:00", destination=ip_address("192.0.2.11")
    )


def test_a_route_of_ravens_table() -> None:
    octets = ROUTE + attribute(1, bytes([10, 0, 2, 0])) + native32(4, 2) + native32(15, 9027)
    route = OverlayRoute(
        interface="eth0", type_="unicast", prefix="10.0.2.0/24", gateway=None, table=9027, mtu=None
    )
    assert decode_overlay_route(octets, NAMES, frozenset()) == route


def test_a_route_of_no_overlay_is_none() -> None:
    octets = ROUTE + native32(4, 2) + native32(15, 254)
    assert decode_overlay_route(octets, NAMES, frozenset({"flannel.1"})) is None


def test_requests() -> None:
    assert devices_request() == bytes(16) + nest(18, attribute(1, b"vxlan"))
    assert forwarding_request(5) == bytes.fromhex("07000000" "05000000" "00000000")
    assert table_routes_request(9027) == bytes([2]) + bytes(11) + native32(15, 9027)


@given(st.binary(max_size=200))
def test_any_octets_are_a_value_or_none(octets: bytes) -> None:
    assert isinstance(decode_device(octets, NAMES), VxlanDevice | None)
    assert isinstance(decode_forwarding(octets, NAMES), ForwardingEntry | None)
    assert isinstance(decode_overlay_route(octets, NAMES, frozenset()), OverlayRoute | None)
