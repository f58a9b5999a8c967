"""Whether a server begins as one of HTTP/2, whatever the octets are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.wire.http2 import HEADER_OCTETS, begins_with_settings


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(bytes(3) + b"\x04" + bytes(5), True, id="settings without one"),
        pytest.param(b"\0\0\x06\x04" + bytes(5) + b"\0\x03", True, id="the header of one"),
        pytest.param(bytes(3) + b"\x04\x01" + bytes(4), False, id="an acknowledgement"),
        pytest.param(bytes(3) + b"\x04" + bytes(4) + b"\x01", False, id="on a stream"),
        pytest.param(b"\0\0\x05\x04" + bytes(5), False, id="half a setting"),
        pytest.param(b"\xff\xff\xfc\x04" + bytes(5), False, id="longer than any frame"),
        pytest.param(bytes(3) + b"\x07" + bytes(5), False, id="a frame that says goodbye"),
        pytest.param(b"HTTP/1.1 400", False, id="HTTP/1.1"),
        pytest.param(bytes(3) + b"\x04" + bytes(4), None, id="an octet short"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_a_server_begins_with_its_settings(octets: bytes, expected: bool | None) -> None:
    assert begins_with_settings(octets) is expected


@given(st.binary(max_size=40))
def test_any_octets_have_an_answer(octets: bytes) -> None:
    assert (begins_with_settings(octets) is None) == (len(octets) < HEADER_OCTETS)
