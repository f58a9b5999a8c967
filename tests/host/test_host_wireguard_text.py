"""What a WireGuard daemon in user space tells: recorded of wireguard-go 0.0.20220316."""

import base64
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.wireguard_text import QUESTION, decode_answer
from edgediag.model.wireguard import WireguardDevice, WireguardPeer

# As it came but for both secrets, which were other octets.
ANSWER = (Path(__file__).parent / "data/wireguard-go.txt").read_bytes()
SECRETS = (b"5e" * 32, b"5f" * 32)

PEER = WireguardPeer(
    interface="raven-wg0",
    public_key="ZBouCIqo3CoNO6gH+ZxfYEd50exeBxmQn4ACv/GR0EA=",
    endpoint=ip_address("198.51.100.21"),
    port=4500,
    handshake_s=1_700_000_000.5,
    received_octets=2396,
    sent_octets=2452,
    keepalive_s=25,
    networks=("203.0.113.0/25", "2001:db8::/64"),
)
WHOLE = WireguardDevice(
    interface="raven-wg0", listen_port=4500, is_in_user_space=True, read_s=1.0, peers=(PEER,)
)


def decoded(octets: bytes) -> WireguardDevice | None:
    return decode_answer(octets, "raven-wg0", 1.0)


def test_a_device_with_all_that_is_known_of_its_peer() -> None:
    assert decoded(ANSWER) == WHOLE


def test_keys_show_nowhere() -> None:
    for secret in SECRETS:
        assert secret in ANSWER
        octets = bytes.fromhex(secret.decode())
        shown = repr(decoded(ANSWER))
        assert secret.decode() not in shown
        assert base64.b64encode(octets).decode() not in shown


def test_a_peer_that_never_shook_hands_and_has_no_place() -> None:
    lines = ANSWER.replace(b"endpoint=198.51.100.21:4500\n", b"").replace(
        b"last_handshake_time_sec=1700000000", b"last_handshake_time_sec=0"
    )
    expected = replace(PEER, endpoint=None, port=0, handshake_s=None)
    assert decoded(lines) == replace(WHOLE, peers=(expected,))


def test_a_peer_of_ipv6() -> None:
    lines = ANSWER.replace(b"198.51.100.21:4500", b"[2001:db8::21]:51820")
    expected = replace(PEER, endpoint=ip_address("2001:db8::21"), port=51820)
    assert decoded(lines) == replace(WHOLE, peers=(expected,))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(ANSWER[:-1], id="cut off"),
        pytest.param(ANSWER.replace(b"errno=0", b"errno=13"), id="the daemon failed"),
        pytest.param(b"listen_port=4500\n\n", id="it does not say whether it failed"),
    ],
)
def test_what_is_no_answer(octets: bytes) -> None:
    assert decoded(octets) is None


def test_a_key_that_is_none_makes_no_peer() -> None:
    lines = ANSWER.replace(b"public_key=64", b"public_key=zz")
    assert decoded(lines) == replace(WHOLE, peers=())


def test_it_is_only_asked() -> None:
    assert QUESTION == b"get=1\n\n"


@given(octets=st.binary(max_size=300))
def test_any_octets_are_a_device_or_none_never_an_exception(octets: bytes) -> None:
    for whole in (octets, octets + b"\nerrno=0\n\n", ANSWER[:-9] + octets + b"\nerrno=0\n\n"):
        found = decoded(whole)
        assert found is None or isinstance(found, WireguardDevice)
