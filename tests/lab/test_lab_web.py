"""The answers of the HTTP services."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.lab.services import web

REST = (
    b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: edgediag-lab\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + REST % (3, b"ok\n"),
            id="anything is served",
        ),
        pytest.param(
            b"HEAD / HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + REST % (0, b""),
            id="HEAD has no body",
        ),
        pytest.param(
            b"GET /v2/ HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 401 Unauthorized\r\n" + REST % (3, b"ok\n"),
            id="a registry asks a stranger for a token",
        ),
        pytest.param(
            b"\x16\x03\x01\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\n" + REST % (3, b"ok\n"),
            id="what is no HTTP is a bad request",
        ),
        pytest.param(b"GET / HTTP/1.1\r\n", None, id="half a request is waited for"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_a_request_is_answered(request_: bytes, expected: bytes | None) -> None:
    assert web.answer(request_, 0.0) == expected


def test_a_request_without_end_is_answered_at_last() -> None:
    assert web.answer(b"x" * web.MAX_REQUEST_OCTETS, 0.0) is not None


@given(st.binary(max_size=200))
def test_any_octets_draw_a_response_or_nothing(octets: bytes) -> None:
    answered = web.answer(octets, 0.0)
    assert answered is None or answered.startswith(b"HTTP/1.1 ")
