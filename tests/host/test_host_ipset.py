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
)
from edgediag.host.ipset import test_request as member_request

HEAD = bytes(4)
FAR = IPv4Address("198.51.100.2").packed
NEAR = IPv4Address("192.0.2.1").packed


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
