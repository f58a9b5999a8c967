"""Rows that are reached through a forward proxy."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.endpoints import ENDPOINTS
from edgediag.endpoints.forward_proxy import (
    BLOB_HOST,
    CLIENTS,
    TOKEN_SERVICE,
    is_direct,
    place_meant,
    through_proxy,
)
from edgediag.endpoints.naming import target_of, with_check_ids
from edgediag.model.cluster import Client, ForwardProxy, HostPort
from edgediag.model.endpoint import ProbeKind, Target

ROWS = {row.id: row for row in ENDPOINTS}
PROXY = ForwardProxy(
    client=Client.CONTAINERD,
    place=HostPort(host="192.0.2.1", port=3128),
    is_plain=True,
    direct=("direct.example.com",),
    path="/etc/systemd/system/containerd.service.d/http-proxy.conf",
    where="HTTPS_PROXY",
)


def row(endpoint: str, host: str = "registry.example.com", port: int = 443) -> Target:
    own = target_of(
        ROWS.get(endpoint, ROWS["registry"]), host=host, address=None, port=port
    )
    return replace(own, endpoint=endpoint)


def test_the_programs_that_have_proxies_reach_rows_that_there_are() -> None:
    assert set(CLIENTS) - set(ROWS) == {TOKEN_SERVICE, BLOB_HOST}


def test_the_flow_goes_to_the_proxy_and_asks_for_the_host_that_is_meant() -> None:
    assert through_proxy(row("registry"), (PROXY,)) == replace(
        row("registry"),
        purpose="system component images, through containerd's forward proxy",
        host="192.0.2.1",
        address=ip_address("192.0.2.1"),
        port=3128,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.HTTP_CONNECT),
        query="registry.example.com:443",
    )


@pytest.mark.parametrize(
    ("target", "proxies"),
    [
        pytest.param(row("registry"), (), id="no proxy"),
        pytest.param(row("registry", "direct.example.com"), (PROXY,), id="reached directly"),
        pytest.param(row("cs-anony"), (PROXY,), id="a row that no runtime reaches"),
    ],
)
def test_else_the_row_stays(target: Target, proxies: tuple[ForwardProxy, ...]) -> None:
    assert through_proxy(target, proxies) == target


def test_a_proxy_that_is_not_asked_in_plain_http_is_connected_to() -> None:
    target = through_proxy(row("registry"), (replace(PROXY, is_plain=False),))
    assert target.kinds == (ProbeKind.TCP_SYN, ProbeKind.TCP_CONNECT)


def test_the_check_keeps_its_name() -> None:
    rows = [through_proxy(row(endpoint), (PROXY,)) for endpoint in CLIENTS]
    names = [target.check for target in with_check_ids(rows)]
    assert names == [f"{endpoint}-443" for endpoint in CLIENTS]
    meant = HostPort(host="registry.example.com", port=443)
    assert {place_meant(target) for target in rows} == {meant}


@pytest.mark.parametrize(
    ("host", "word", "expected"),
    [
        pytest.param("a.example.com", "*", True, id="everything"),
        pytest.param("example.com", "example.com", True, id="a name is itself"),
        pytest.param("a.example.com", "example.com", True, id="and what is below"),
        pytest.param("anexample.com", "example.com", False, id="not what only ends so"),
        pytest.param("example.com", ".example.com", False, id="a dot is what is below alone"),
        pytest.param("a.example.com", ".example.com", True, id="below a dot"),
        pytest.param("a.example.com", "*.example.com", True, id="a star stands for the dot"),
        pytest.param("a.example.com", "example.com:443", True, id="the port as well"),
        pytest.param("a.example.com", "example.com:80", False, id="another port"),
        pytest.param("192.0.2.9", "192.0.2.0/24", True, id="a network"),
        pytest.param("192.0.2.9", "192.0.2.9", True, id="an address"),
        pytest.param("192.0.2.9", "198.51.100.0/24", False, id="another network"),
        pytest.param("a.example.com", "10.0.0.0/8", False, id="a name is in no network"),
        pytest.param("localhost", "x", True, id="localhost always"),
        pytest.param("127.0.0.2", "x", True, id="loopback always"),
    ],
)
def test_what_is_reached_without_the_proxy(host: str, word: str, expected: bool) -> None:
    assert is_direct(HostPort(host=host, port=443), (word,)) is expected
