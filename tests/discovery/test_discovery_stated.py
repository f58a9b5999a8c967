"""What an operator wrote is a value, or refused with what was expected."""

from collections.abc import Callable

import pytest

from edgediag.discovery.host import parse_address, parse_host
from edgediag.discovery.region import parse_region
from edgediag.discovery.stated import (
    answer_of,
    parse_api_server,
    phases_of,
    value_of,
    values_of,
)
from edgediag.discovery.version import parse_version
from edgediag.errors import UsageError
from edgediag.model.answer import Answer
from edgediag.model.cluster import Fact, HostPort, Phase


def stated(name: str, *values: str) -> tuple[Fact, ...]:
    return tuple(Fact(name=name, value=value, source=f"--{name}") for value in values)


def test_values_come_in_order_and_once() -> None:
    hosts = values_of(stated("raven-proxy", "B", "a", "b"), "raven-proxy", parse_host)
    assert hosts == ("b", "a")


def test_what_is_not_stated_is_not_known() -> None:
    assert values_of((), "raven-proxy", parse_host) == ()
    assert value_of((), "region", parse_region) is None
    assert answer_of((), "proxy-mode") is Answer.NOT_CHECKED
    assert phases_of(()) is None


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        pytest.param("install", (Phase.INSTALL,), id="install"),
        pytest.param("run", (Phase.RUN,), id="run"),
        pytest.param("all", (Phase.INSTALL, Phase.RUN), id="all"),
    ],
)
def test_phases(text: str, phases: tuple[Phase, ...]) -> None:
    assert phases_of(stated("phase", text)) == phases


@pytest.mark.parametrize(
    ("text", "answer"),
    [pytest.param("yes", Answer.YES, id="yes"), pytest.param("no", Answer.NO, id="no")],
)
def test_answers(text: str, answer: Answer) -> None:
    assert answer_of(stated("tunnel-mode", text), "tunnel-mode") is answer


def test_an_api_server_listens_on_6443_unless_stated() -> None:
    assert parse_api_server("198.51.100.6") == HostPort(host="198.51.100.6", port=6443)


@pytest.mark.parametrize(
    ("name", "text", "parse", "message"),
    [
        pytest.param(
            "region",
            "Hangzhou",
            parse_region,
            "--region: 'Hangzhou' is not a region ID such as cn-hangzhou",
            id="region",
        ),
        pytest.param(
            "k8s-version",
            "latest",
            parse_version,
            "--k8s-version: 'latest' is not a Kubernetes version such as 1.26.3 or"
            " v1.26.3-aliyun.1",
            id="version",
        ),
        pytest.param(
            "api-server",
            "https://a:6443",
            parse_api_server,
            "--api-server: 'https://a:6443' is not HOST or HOST:PORT, without https://",
            id="API server",
        ),
        pytest.param(
            "peer", "node1", parse_address, "--peer: 'node1' is not an IP address", id="peer"
        ),
        pytest.param(
            "raven-proxy",
            "a\x1b[31m",
            parse_host,
            "--raven-proxy: 'a\\x1b[31m' is not a host name or an address",
            id="control characters are spelled out",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    name: str, text: str, parse: Callable[[str], object], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        values_of(stated(name, text), name, parse)
    assert str(caught.value) == message
