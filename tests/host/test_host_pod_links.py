"""Which namespace is behind a bridge's port, by rtnetlink's messages."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import native32
from edgediag.host.pod_links import decode_namespace_id, far_namespace, namespace_id_request

HEAD = struct.pack("=BBHiII", 0, 0, 1, 7, 1, 0)
BRIDGE = 5
MASTER, FAR = native32(10, BRIDGE), native32(37, 3)
ANSWER = bytes(4)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        pytest.param(HEAD + MASTER + FAR, 3, id="a port with its other end elsewhere"),
        pytest.param(HEAD + MASTER, None, id="a port without another end"),
        pytest.param(HEAD + native32(10, 6) + FAR, None, id="a port of another bridge"),
        pytest.param(HEAD + FAR, None, id="no port"),
        pytest.param(HEAD + MASTER + native32(37, 0xFFFFFFFF), None, id="an end without an id"),
        pytest.param(HEAD[:-1], None, id="too short"),
    ],
)
def test_who_is_behind_a_port(payload: bytes, found: int | None) -> None:
    assert far_namespace(payload, BRIDGE) == found


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        pytest.param(ANSWER + native32(1, 3), 3, id="known by an id"),
        pytest.param(ANSWER + native32(1, 0xFFFFFFFF), None, id="none given"),
        pytest.param(ANSWER, None, id="nothing said"),
    ],
)
def test_the_id_of_a_namespace(payload: bytes, found: int | None) -> None:
    assert decode_namespace_id(payload) == found


def test_what_is_asked_for() -> None:
    assert namespace_id_request(9) == bytes(4) + struct.pack("=HHI", 8, 3, 9)


@given(st.binary(max_size=64))
def test_whatever_comes_is_an_id_or_none(octets: bytes) -> None:
    for found in (far_namespace(octets, BRIDGE), decode_namespace_id(octets)):
        assert found is None or 0 <= found < 0xFFFFFFFF
