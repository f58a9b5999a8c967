"""The host of an API server's URL."""

import pytest

from edgediag.discovery.urls import inner_host_port, outer_host_port


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://198.51.100.6:6443", "198.51.100.6:6443", id="as it should be"),
        pytest.param("https://198.51.100.6:6443/path?q#f", "198.51.100.6:6443", id="with a path"),
        pytest.param("https://API.example", "api.example:443", id="the scheme's own port"),
        pytest.param("198.51.100.6", "198.51.100.6:6443", id="without a scheme"),
        pytest.param("https://[2001:db8::6]:6443", "[2001:db8::6]:6443", id="IPv6"),
        pytest.param("https://u:secret@198.51.100.6", "198.51.100.6:443", id="no password is kept"),
        pytest.param("http://127.0.0.1:10261", None, id="the hub on the loopback address"),
        pytest.param("https://169.254.2.1:10268", None, id="the hub on its dummy device"),
        pytest.param("https://localhost:6443", None, id="localhost"),
        pytest.param("ftp://198.51.100.6", None, id="another scheme"),
        pytest.param("https://", None, id="no host"),
        pytest.param("https://198.51.100.6:99999", None, id="no port"),
        pytest.param("x" * 5000, None, id="a long text"),
        pytest.param("https://a\nb", None, id="a line end"),
    ],
)
def test_a_url_is_an_outer_host_with_its_port_or_nothing(url: str, expected: str | None) -> None:
    assert outer_host_port(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("http://127.0.0.1:10261", "127.0.0.1:10261", id="on the loopback address"),
        pytest.param("https://169.254.2.1:10268/", "169.254.2.1:10268", id="on its dummy device"),
        pytest.param("https://198.51.100.6:6443", None, id="the API server"),
        pytest.param("https://localhost:10261", None, id="a name, which may mean anything"),
        pytest.param("http://127.0.0.1:99999", None, id="no port"),
    ],
)
def test_a_url_is_an_end_of_the_hub_or_nothing(url: str, expected: str | None) -> None:
    assert inner_host_port(url) == expected
