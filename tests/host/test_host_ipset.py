"""The messages of ipset, octet by octet."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, nest, string
from edgediag.host.ipset import (
    Ipset,
    IpsetElement,
    by_index_request,
    by_name_request,
    decode_header,
    decode_members,
    decode_name,
    decode_networks,
)
from edgediag.host.ipset import test_request as member_request

HEAD = bytes(4)
FAR = IPv4Address("198.51.100.2").packed
NEAR = IPv4Address("192.0.2.1").packed


# A set of networks of ipset 7.17 on Linux 6.18: 10.245.0.7, 10.244.0.0/24, 10.246.0.0/16 nomatch.
LISTED = bytes.fromhex(
    "02000000" "0500010007000000" "13000200726176656e2d6d61726b2d73657400" "00"
    "0d000300686173683a6e657400" "000000" "0500050002000000" "0500040007000000"
    "54000880" "180007800c000180080001000af50007" "0500030020000000"
    "180007800c000180080001000af40000" "0500030018000000"
    "200007800c000180080001000af60000" "0500030010000000" "0800084000000004"
)


def element(*networks: tuple[str, int]) -> bytes:
    """An element of one network or of two, as the kernel lists it."""
    types = ((1, 3), (20, 21))
    return nest(
        7,
        *(
            nest(address, attribute(1, IPv4Address(text).packed))
            + attribute(length, bytes([octets]))
            for (address, length), (text, octets) in zip(types, networks, strict=False)
        ),
    )


def test_the_networks_of_a_listed_set() -> None:
    assert decode_networks(LISTED) == (("10.245.0.7/32",), ("10.244.0.0/24",))


def test_the_pairs_of_a_listed_set() -> None:
    pair = element(("192.0.2.0", 26), ("203.0.113.128", 25))
    expected = (("192.0.2.0/26", "203.0.113.128/25"),)
    assert decode_networks(HEAD + nest(8, pair)) == expected


@given(st.binary(max_size=200))
def test_any_octets_are_networks_or_none(octets: bytes) -> None:
    for payload in (octets, LISTED + octets, HEAD + nest(8, nest(7, octets))):
        assert all(0 < len(item) <= 2 for item in decode_networks(payload))


def ipset(type_: str) -> Ipset:
    return Ipset(name="s", type_=type_, family=2, members=())


def test_a_set_is_asked_for_by_its_index() -> None:
    assert by_index_request(7).hex() == "00000000" "0500010007000000" "06000b4000070000"


def test_a_set_is_asked_for_by_its_name() -> None:
    assert by_name_request("s").hex() == "00000000" "0500010007000000" "0600020073000000"


@pytest.mark.parametrize(
    ("type_", "element", "data"),
    [
        pytest.param(
            "hash:ip",
            IpsetElement(addresses=(FAR,), protocol=None, port=None, mark=None, interface=None),
            "0c000180" "08000140c6336402",
            id="an address",
        ),
        pytest.param(
            "hash:ip,port,ip",
            IpsetElement(
                addresses=(FAR, NEAR), protocol=17, port=b"\x11\x94", mark=None, interface=None
            ),
            "0c000180" "08000140c6336402" "0c001480" "08000140c0000201"
            "0600044011940000" "0500070011000000",
            id="two addresses, a port and its protocol",
        ),
        pytest.param(
            "hash:ip,mark",
            IpsetElement(addresses=(FAR,), protocol=None, port=None, mark=0x40, interface=None),
            "0c000180" "08000140c6336402" "08000a4000000040",
            id="a mark",
        ),
        pytest.param(
            "hash:net,iface",
            IpsetElement(addresses=(FAR,), protocol=None, port=None, mark=None, interface="up0"),
            "0c000180" "08000140c6336402" "0800170075703000",
            id="a device",
        ),
    ],
)
def test_an_element_is_asked_for_with_all_its_parts(
    type_: str, element: IpsetElement, data: str
) -> None:
    whole = bytes.fromhex(data)
    expected = b"\2\0\0\0" + attribute(1, b"\7") + string(2, "s") + nest(7, whole)
    assert member_request(ipset(type_), element) == expected


def test_a_header_says_what_a_set_is() -> None:
    payload = HEAD + string(2, "s") + string(3, "hash:net,port") + attribute(5, b"\2")
    assert decode_header(payload) == ipset("hash:net,port")
    assert decode_name(payload) == "s"
    assert ipset("hash:net,port").parts == ("net", "port")


def test_a_list_names_its_sets() -> None:
    payload = HEAD + string(2, "l") + nest(8, nest(7, string(18, "a")), nest(7, string(18, "b")))
    assert decode_members(payload) == ("a", "b")


@given(st.binary(max_size=200))
def test_any_octets_are_a_set_or_none(payload: bytes) -> None:
    assert isinstance(decode_header(payload), Ipset | None)
    assert isinstance(decode_name(payload), str)
    assert all(isinstance(name, str) for name in decode_members(payload))
