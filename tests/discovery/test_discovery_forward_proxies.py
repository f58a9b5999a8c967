"""The forward proxies that container runtimes are told to use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.forward_proxies import discover_forward_proxies, forward_proxy_facts
from edgediag.model.cluster import Client, Fact, ForwardProxy, HostPort
from node_files import Files

FOLDER = "/etc/systemd/system"
DROP_IN = f"{FOLDER}/containerd.service.d/http-proxy.conf"
DOCKER = f"{FOLDER}/docker.service.d/proxy.conf"


def proxy(
    host: str, port: int, *direct: str, is_plain: bool = True, where: str = "HTTPS_PROXY"
) -> ForwardProxy:
    return ForwardProxy(
        client=Client.CONTAINERD,
        place=HostPort(host=host, port=port),
        is_plain=is_plain,
        direct=direct,
        path=DROP_IN,
        where=where,
    )


def found(text: str) -> tuple[ForwardProxy, ...]:
    return discover_forward_proxies(Files({DROP_IN: f"[Service]\n{text}\n"}))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'Environment="HTTPS_PROXY=http://p.example.com:3128" "NO_PROXY=.svc, 10.0.0.0/8,"',
            (proxy("p.example.com", 3128, ".svc", "10.0.0.0/8"),),
            id="with what is reached directly",
        ),
        pytest.param(
            "Environment=https_proxy=p.example.com:3128",
            (proxy("p.example.com", 3128, where="https_proxy"),),
            id="in lower case, without a scheme",
        ),
        pytest.param(
            "Environment=HTTPS_PROXY=http://user:secret@192.0.2.1/",
            (proxy("192.0.2.1", 80),),
            id="credentials are thrown away",
        ),
        pytest.param(
            "Environment=HTTPS_PROXY=socks5://192.0.2.1",
            (proxy("192.0.2.1", 1080, is_plain=False),),
            id="SOCKS",
        ),
        pytest.param("Environment=HTTP_PROXY=http://192.0.2.1:3128", (), id="not for HTTPS"),
        pytest.param(
            "Environment=HTTPS_PROXY=http://192.0.2.1:1\nEnvironment=", (), id="taken back"
        ),
        pytest.param("Environment=HTTPS_PROXY=", (), id="empty"),
        pytest.param("ExecStart=/usr/bin/containerd", (), id="none"),
    ],
)
def test_the_proxy_of_containerd(text: str, expected: tuple[ForwardProxy, ...]) -> None:
    assert found(text) == expected


def test_an_environment_file_wins() -> None:
    unit = "[Service]\nEnvironment=HTTPS_PROXY=192.0.2.1:1\nEnvironmentFile=-/etc/proxy\n"
    files = Files({DROP_IN: unit, "/etc/proxy": "HTTPS_PROXY=192.0.2.2:2\n"})
    ((only,), _) = discover_forward_proxies(files)
    assert (only.place, only.path) == (HostPort(host="192.0.2.2", port=2), "/etc/proxy")


@pytest.mark.parametrize(
    ("texts", "warnings"),
    [
        pytest.param({DROP_IN: "Environment=HTTPS_PROXY=192.0.2.1:1\n"}, (), id="one runtime"),
        pytest.param(
            {DROP_IN: "Environment=HTTPS_PROXY=192.0.2.1:1\n", DOCKER: "Environment=A=1\n"},
            (
                f"{DROP_IN} names a forward proxy, another runtime has a unit without one; images "
                "are checked through the proxy",
            ),
            id="two runtimes that are told different things",
        ),
        pytest.param(
            {DROP_IN: "Environment=HTTPS_PROXY=ftp://user:secret@x\n"},
            (f"{DROP_IN}: the value of HTTPS_PROXY leads to no proxy",),
            id="a value that is no proxy is not repeated: it may hold a secret",
        ),
    ],
)
def test_what_is_said_beside(texts: dict[str, str], warnings: tuple[str, ...]) -> None:
    assert discover_forward_proxies(Files(texts))[1] == warnings


def test_a_fact_names_runtime_proxy_and_file() -> None:
    fact = Fact(name="forward-proxy", value="containerd 192.0.2.1:3128", source=DROP_IN)
    assert tuple(forward_proxy_facts((proxy("192.0.2.1", 3128),))) == (fact,)


@given(st.text(max_size=80))
def test_any_value_is_a_proxy_or_a_warning_never_an_exception(value: str) -> None:
    proxies, warnings = discover_forward_proxies(
        Files({DROP_IN: f"Environment=HTTPS_PROXY={value}\n"})
    )
    assert len(proxies) + len(warnings) <= 1
