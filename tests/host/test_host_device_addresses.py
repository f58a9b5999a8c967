"""The addresses of IPv6 of a device, and from which of them it asks for a neighbour."""

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, native32
from edgediag.host.device_addresses import (
    DeviceAddress,
    asked_from,
    decode_device_address,
)
from edgediag.model.flow import Address

GLOBAL, LINK = IPv6Address("2001:db8::1"), IPv6Address("fe80::1")
OWN = tuple(DeviceAddress(index=2, address=address) for address in (GLOBAL, LINK))
ELSEWHERE = DeviceAddress(index=3, address=IPv6Address("2001:db8:3::1"))


def message(*attributes: bytes, family: int = 10, flags: int = 0) -> bytes:
    return struct.pack("=BBBBi", family, 64, flags, 0, 2) + b"".join(attributes)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(message(attribute(1, GLOBAL.packed)), OWN[0], id="an address"),
        pytest.param(
            message(attribute(1, LINK.packed), attribute(2, GLOBAL.packed)),
            OWN[0],
            id="ours, where the other end of a link has one too",
        ),
        pytest.param(
            message(attribute(1, GLOBAL.packed), native32(8, 0x40)), None, id="not in use yet"
        ),
        pytest.param(
            message(attribute(1, GLOBAL.packed), flags=0x40), None, id="of an old kernel, likewise"
        ),
        pytest.param(message(attribute(1, b"\xc0\0\2\1"), family=2), None, id="of IPv4"),
        pytest.param(message(), None, id="no address"),
        pytest.param(b"\x0a", None, id="too short"),
    ],
)
def test_an_address_of_a_device(payload: bytes, expected: DeviceAddress | None) -> None:
    assert decode_device_address(payload) == expected


@given(st.binary(max_size=64))
def test_any_octets_are_an_address_or_none(octets: bytes) -> None:
    assert isinstance(decode_device_address(octets), DeviceAddress | None)


@pytest.mark.parametrize(
    ("own", "source", "expected"),
    [
        pytest.param(OWN, GLOBAL, GLOBAL, id="from the packet's source"),
        pytest.param((*OWN, ELSEWHERE), ELSEWHERE.address, LINK, id="which another device has"),
        pytest.param(OWN[:1], ELSEWHERE.address, None, id="without an address of the link"),
        pytest.param(OWN, None, None, id="of a packet whose source is not known"),
        pytest.param(
            (*OWN, DeviceAddress(index=2, address=IPv6Address("fe80::9"))),
            IPv4Address("192.0.2.1"),
            None,
            id="which of two the kernel takes is not told",
        ),
    ],
)
def test_a_device_asks_from(
    own: tuple[DeviceAddress, ...], source: Address | None, expected: Address | None
) -> None:
    assert asked_from(own, 2, source) == expected
