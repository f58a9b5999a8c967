"""WireGuard's answers, put together by the kernel's header files: no key but the public one shows.

The kernel of the machine that these tests were written on has no WireGuard, so no dump of a live
device is here; the layout is that of include/uapi/linux/wireguard.h and genetlink.h.
"""

import base64
import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, native32, nest, string
from edgediag.host.wireguard import (
    decode_device,
    decode_family,
    device_request,
    family_request,
    grown,
    merged,
)
from edgediag.model.answer import READ_ONCE, NotChecked
from edgediag.model.host import Link
from edgediag.model.wireguard import WireguardDevice, WireguardPeer
from edgediag.net.wireguard import read_wireguard

PUBLIC, SECRET = bytes(range(32)), b"S" * 32
GENERIC = struct.pack("=BBH", 0, 1, 0)


def sockaddr(address: str, port: int) -> bytes:
    packed = ip_address(address).packed
    if len(packed) == 4:
        return struct.pack("=H", 2) + struct.pack("!H", port) + packed + bytes(8)
    return struct.pack("=H", 10) + struct.pack("!HI", port, 0) + packed + bytes(4)


def network(address: str, length: int) -> bytes:
    packed = ip_address(address).packed
    family = attribute(1, struct.pack("=H", 2 if len(packed) == 4 else 10))
    return nest(0, family, attribute(2, packed), attribute(3, bytes([length])))


def peer(*networks: bytes, endpoint: bytes = b"", handshake: tuple[int, int] = (0, 0)) -> bytes:
    return nest(
        0,
        attribute(1, PUBLIC),
        attribute(2, SECRET),
        attribute(4, endpoint),
        attribute(5, struct.pack("=H", 25)),
        attribute(6, struct.pack("=qq", *handshake)),
        attribute(7, struct.pack("=Q", 4096)),
        attribute(8, struct.pack("=Q", 1 << 40)),
        nest(9, *networks),
    )


def message(*peers: bytes) -> bytes:
    device = string(2, "raven-wg0") + native32(1, 7) + attribute(3, SECRET) + attribute(4, PUBLIC)
    device += attribute(6, struct.pack("=H", 4500))
    return GENERIC + device + nest(8, *peers)


def decode_peers(payload: bytes) -> tuple[WireguardPeer, ...]:
    return decode_device(payload, 1.0).peers


WHOLE = WireguardPeer(
    interface="raven-wg0",
    public_key=base64.b64encode(PUBLIC).decode(),
    endpoint=ip_address("198.51.100.21"),
    port=4500,
    handshake_s=1_700_000_000.5,
    received_octets=4096,
    sent_octets=1 << 40,
    keepalive_s=25,
    networks=("203.0.113.0/25", "2001:db8::/64"),
)
BOTH = (network("203.0.113.0", 25), network("2001:db8::", 64))


def test_a_peer_with_all_that_is_known_of_it() -> None:
    endpoint, handshake = sockaddr("198.51.100.21", 4500), (1_700_000_000, 500_000_000)
    octets = message(peer(*BOTH, endpoint=endpoint, handshake=handshake))
    assert decode_peers(octets) == (WHOLE,)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        pytest.param(sockaddr("198.51.100.21", 51820), ("198.51.100.21", 51820), id="IPv4"),
        pytest.param(sockaddr("2001:db8::21", 4500), ("2001:db8::21", 4500), id="IPv6"),
        pytest.param(b"", ("None", 0), id="none yet"),
        pytest.param(b"\x01\x00\x00\x00", ("None", 0), id="of no family"),
        pytest.param(sockaddr("198.51.100.21", 4500)[:7], ("None", 0), id="cut off"),
    ],
)
def test_where_a_peer_is(endpoint: bytes, expected: tuple[str, int]) -> None:
    (found,) = decode_peers(message(peer(endpoint=endpoint)))
    assert (str(found.endpoint), found.port) == expected


def test_a_peer_that_never_shook_hands() -> None:
    (found,) = decode_peers(message(peer()))
    assert found.handshake_s is None


def test_keys_show_nowhere() -> None:
    shown = repr(decode_peers(message(peer(*BOTH))))
    assert base64.b64encode(SECRET).decode() not in shown
    assert "SSSS" not in shown


def test_a_peer_that_comes_in_two_messages_is_one() -> None:
    (device,) = merged(decode_device(message(peer(part)), 1.0) for part in BOTH)
    (whole,) = device.peers
    assert (device.listen_port, whole.networks) == (4500, WHOLE.networks)


def test_the_requests_are_those_of_the_header_files() -> None:
    assert family_request() == struct.pack("=BBH", 3, 1, 0) + string(2, "wireguard")
    assert device_request(7) == GENERIC + native32(1, 7)
    assert decode_family(GENERIC + attribute(1, struct.pack("=H", 31))) == 31
    assert decode_family(b"") == 0


@given(octets=st.binary(max_size=200))
def test_any_octets_are_peers_or_none_never_an_exception(octets: bytes) -> None:
    for whole in (octets, message(octets), message(nest(0, octets))):
        assert all(isinstance(item, WireguardPeer) for item in decode_peers(whole))
        assert isinstance(decode_device(whole, 1.0), WireguardDevice)


@pytest.mark.parametrize(
    "links",
    [
        pytest.param(NotChecked(reason="cannot read links: EPERM"), id="links were not read"),
        pytest.param(
            (
                Link(
                    name="eth0",
                    index=2,
                    is_up=True,
                    has_carrier=True,
                    mtu=1500,
                    kind="",
                    mac="02:00:00:00:00:01",
                    xdp_program=None,
                ),
            ),
            id="no WireGuard device",
        ),
    ],
)
def test_nothing_is_asked_where_no_device_is(links: tuple[Link, ...] | NotChecked) -> None:
    expected = links if isinstance(links, NotChecked) else ()
    assert read_wireguard(links) == expected


def test_what_was_sent_between_two_readings() -> None:
    endpoint = sockaddr("198.51.100.21", 4500)
    before = decode_device(message(peer(endpoint=endpoint)), 1.0)
    (known,) = before.peers
    later = replace(known, sent_octets=known.sent_octets + 296)
    fresh = replace(known, public_key="another")
    reset = replace(known, sent_octets=148)
    for peers, expected in (((later,), (296,)), ((fresh,), (READ_ONCE,)), ((reset,), (READ_ONCE,))):
        (device,) = grown((before,), (replace(before, peers=peers),))
        assert tuple(item.sent_meanwhile for item in device.peers) == expected
