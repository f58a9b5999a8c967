"""The answers of the HTTP services."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.lab.services import web
from edgediag.lab.services.catalog import Mode

REST = (
    b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: edgediag-lab\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
)


def challenging(region: str) -> bytes:
    """The rest of an answer that asks for a token."""
    challenge = (
        f'WWW-Authenticate: Bearer realm="https://dockerauth-ee.{region}.aliyuncs.com/auth",'
        f'service="registry.aliyuncs.com:{region}"\r\nContent-Length'
    )
    return (REST % (3, b"ok\n")).replace(b"Content-Length", challenge.encode())


@pytest.mark.parametrize(
    ("request_", "mode", "expected"),
    [
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            Mode.NORMAL,
            b"HTTP/1.1 200 OK\r\n" + REST % (3, b"ok\n"),
            id="anything is served",
        ),
        pytest.param(
            b"HEAD / HTTP/1.1\r\n\r\n",
            Mode.NORMAL,
            b"HTTP/1.1 200 OK\r\n" + REST % (0, b""),
            id="HEAD has no body",
        ),
        pytest.param(
            b"GET /v2/ HTTP/1.1\r\n\r\n",
            Mode.NORMAL,
            b"HTTP/1.1 401 Unauthorized\r\n" + challenging("cn-hangzhou"),
            id="a registry asks a stranger for a token",
        ),
        pytest.param(
            b"GET /v2/ HTTP/1.1\r\nHost: registry-cn-zhangjiakou.ack.aliyuncs.com\r\n\r\n",
            Mode.NORMAL,
            b"HTTP/1.1 401 Unauthorized\r\n" + challenging("cn-zhangjiakou"),
            id="a token is given in the region of the registry",
        ),
        pytest.param(
            b"\x16\x03\x01",
            Mode.PLAIN,
            b"HTTP/1.1 400 Bad Request\r\n" + REST % (3, b"ok\n"),
            id="a TLS record is refused before its end",
        ),
        pytest.param(
            b"GET /\r\n\r\n",
            Mode.NORMAL,
            b"HTTP/1.1 400 Bad Request\r\n" + REST % (3, b"ok\n"),
            id="what is no HTTP is a bad request",
        ),
        pytest.param(
            b"GET /v2/ HTTP/1.1\r\n\r\n",
            Mode.UNAVAILABLE,
            b"HTTP/1.1 503 Service Unavailable\r\n" + REST % (10, b"not ready\n"),
            id="a server without back end says so, whatever it is asked",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n", Mode.NORMAL, None, id="half a request is waited for"
        ),
        pytest.param(b"", Mode.NORMAL, None, id="empty"),
    ],
)
def test_a_request_is_answered(request_: bytes, mode: Mode, expected: bytes | None) -> None:
    assert web.answer(request_, mode, 0.0) == expected


def test_a_request_without_end_is_answered_at_last() -> None:
    assert web.answer(b"x" * web.MAX_REQUEST_OCTETS, Mode.NORMAL, 0.0) is not None


@given(st.binary(max_size=200))
def test_any_octets_draw_a_response_or_nothing(octets: bytes) -> None:
    answered = web.answer(octets, Mode.NORMAL, 0.0)
    assert answered is None or answered.startswith(b"HTTP/1.1 ")
