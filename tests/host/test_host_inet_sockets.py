"""Sockets as the kernel lists them."""

import struct
import sys
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.inet_sockets import (
    CONNECTED,
    UNCONNECTED,
    InetSocket,
    decode_inet_socket,
    dump_request,
    plain_address,
)

AF_INET, AF_INET6, UDP = 2, 10, 17
IPV6_ONLY = struct.pack("=HHB3x", 5, 11, 1)


def listed(family: int, own: str, peer: str, *, port: int = 4500, peer_port: int = 0) -> bytes:
    """A message as net/ipv4/inet_diag.c fills it, with device 7 and uid 1000."""
    identity = struct.pack(">HH16s16s", port, peer_port, octets(own), octets(peer))
    return (
        bytes((family, 7, 0, 0))
        + identity
        + struct.pack("=III", 7, 0xAAAA, 0xBBBB)
        + struct.pack("=IIIII", 1, 2, 3, 1000, 99)
    )


def octets(address: str) -> bytes:
    return ip_address(address).packed.ljust(16, b"\0")


def socket_of(own: str, peer: str, *, peer_port: int = 0, is_only: bool = False) -> InetSocket:
    return InetSocket(
        address=ip_address(own),
        port=4500,
        peer=ip_address(peer),
        peer_port=peer_port,
        device=7,
        uid=1000,
        is_ipv6_only=is_only,
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            listed(AF_INET, "192.0.2.1", "0.0.0.0"), socket_of("192.0.2.1", "0.0.0.0"), id="IPv4"
        ),
        pytest.param(
            listed(AF_INET, "192.0.2.1", "192.0.2.9", peer_port=40000),
            socket_of("192.0.2.1", "192.0.2.9", peer_port=40000),
            id="connected",
        ),
        pytest.param(
            listed(AF_INET6, "2001:db8::1", "::"), socket_of("2001:db8::1", "::"), id="IPv6"
        ),
        pytest.param(
            listed(AF_INET6, "::", "::") + IPV6_ONLY,
            socket_of("::", "::", is_only=True),
            id="IPv6 alone",
        ),
        pytest.param(listed(1, "0.0.0.0", "0.0.0.0"), None, id="another family"),
        pytest.param(listed(AF_INET, "192.0.2.1", "0.0.0.0")[:-1], None, id="cut short"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_a_message_is_a_socket(message: bytes, expected: InetSocket | None) -> None:
    assert decode_inet_socket(message) == expected


@given(st.binary(max_size=200))
def test_any_message_is_a_socket_or_none_never_an_exception(payload: bytes) -> None:
    assert isinstance(decode_inet_socket(payload), InetSocket | None)


def test_a_request_names_states_and_one_port() -> None:
    request = dump_request(AF_INET, UDP, (CONNECTED, UNCONNECTED), 4500)
    states = (0x82).to_bytes(4, sys.byteorder)
    assert request == bytes((AF_INET, UDP, 0, 0)) + states + b"\x11\x94" + bytes(46)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), ("192.0.2.1", "192.0.2.1")],
)
def test_an_address_of_ipv4_in_ipv6_is_ipv4(address: str, expected: str) -> None:
    assert plain_address(ip_address(address)) == ip_address(expected)
