"""CONNECT: exact octets, and what a forward proxy may say to them."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import ProxyReply
from edgediag.probes.http_connect import build, match


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A question for a registry."""
    return make_probe(ProbeKind.HTTP_CONNECT, name="registry.example.com:5000")


def test_the_host_that_is_meant_is_named_twice_and_no_credentials_are_sent(probe: Probe) -> None:
    assert build(probe) == (
        b"CONNECT registry.example.com:5000 HTTP/1.1\r\nHost: registry.example.com:5000\r\n\r\n"
    )


def test_a_name_without_a_port_is_meant_on_443(make_probe: Callable[..., Probe]) -> None:
    asked = build(make_probe(ProbeKind.HTTP_CONNECT, name="example.com"))
    assert asked.startswith(b"CONNECT example.com:443 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        pytest.param(b"HTTP/1.1 200 Connection established\r\n\r\n", 200, id="the way is open"),
        pytest.param(b"HTTP/1.0 200 OK\r\n", 200, id="an old proxy"),
        pytest.param(b"HTTP/1.1 403 Forbidden\r\nServer: x\r\n\r\n", 403, id="refused"),
        pytest.param(b"HTTP/1.1 407 \r\n", 407, id="without a reason"),
        pytest.param(b"HTTP/1.1 502\n", 502, id="without a carriage return"),
        pytest.param(b"HTTP/1.1 2", None, id="not yet whole"),
        pytest.param(b"HT", None, id="two octets"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"HTTP/1.1 999 No\r\n", 0, id="no status of HTTP"),
        pytest.param(b"HTTP/1.1 " + b"2" * 1024, 0, id="a line without an end"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", 0, id="another protocol"),
        pytest.param(b"CONNECT registry.example.com:5000 HTTP/1.1\r\n", 0, id="our own words"),
    ],
)
def test_what_the_proxy_says(probe: Probe, octets: bytes, status: int | None) -> None:
    assert match(probe, octets) == (None if status is None else ProxyReply(status=status))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=64) | st.binary(max_size=64).map(b"HTTP/1.1 ".__add__))
def test_any_octets_are_a_status_or_nothing_yet_never_an_exception(
    probe: Probe, octets: bytes
) -> None:
    reply = match(probe, octets)
    assert reply is None or isinstance(reply, ProxyReply)
