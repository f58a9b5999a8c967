"""Which hosts become rows because a registry sends its clients there."""

from dataclasses import replace

import pytest

from edgediag.endpoints.forward_proxy import BLOB_HOST, TOKEN_SERVICE
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import RegistryAnswer
from edgediag.model.cluster import Client, ForwardProxy, HostPort
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.pull import BlobPlace, Pulled
from edgediag.stages.registry_hosts import MAX_SERVICES, blob_hosts, token_services
from story import presented, registry_says, target

HELLO = (ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO)
REGISTRY = target("registry-443", kinds=HELLO, port=443, host="registry.example", address=None)
KNOWN = replace(REGISTRY, check="dockerauth-443", endpoint="dockerauth", host="Tokens.example")
OTHER = replace(REGISTRY, check="registry-443@b", host="b.example")


def new_rows(
    *answers: RegistryAnswer, known: tuple[Target, ...] = ()
) -> list[tuple[str, str, int]]:
    """Check, host and port of what is asked besides, where registries answered so."""
    rows = [replace(REGISTRY, check=f"r-{number}") for number, _ in enumerate(answers)]
    shown = {
        row.check: presented(row.host, registry=answer)
        for row, answer in zip(rows, answers, strict=True)
    }
    found = token_services((*rows, *known), shown)
    assert {row.endpoint for row in found} <= {TOKEN_SERVICE}
    return [(row.check, row.host, row.port) for row in found]


ASKS = registry_says(401, "tokens.example")


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        pytest.param(ASKS, [("registry-token-443", "tokens.example", 443)], id="a new host"),
        pytest.param(
            replace(ASKS, token_port=8443),
            [("registry-token-8443", "tokens.example", 8443)],
            id="another port",
        ),
        pytest.param(registry_says(401), [], id="nobody"),
        pytest.param(
            replace(ASKS, token_port=NotChecked(reason="not recorded")), [], id="an old record"
        ),
        pytest.param(replace(ASKS, token_host="-a..b"), [], id="no host name"),
        pytest.param(replace(ASKS, token_host="127.0.0.1"), [], id="this node"),
        pytest.param(replace(ASKS, token_host="169.254.2.1"), [], id="one link"),
        pytest.param(replace(ASKS, token_host="224.0.0.1"), [], id="a group"),
        pytest.param(replace(ASKS, token_host="0.0.0.0"), [], id="nobody's address"),
        pytest.param(
            replace(ASKS, token_host="198.51.100.7"),
            [("registry-token-443", "198.51.100.7", 443)],
            id="an address",
        ),
    ],
)
def test_a_registry_makes_a_row(
    answer: RegistryAnswer, rows: list[tuple[str, str, int]]
) -> None:
    assert new_rows(answer) == rows


def test_a_host_of_the_run_gets_no_second_row() -> None:
    assert new_rows(ASKS, known=(KNOWN,)) == []
    assert new_rows(ASKS, ASKS) == [("registry-token-443", "tokens.example", 443)]


def test_no_more_are_asked_than_a_registry_needs() -> None:
    many = [replace(ASKS, token_host=f"{number}.example") for number in range(9)]
    assert len(new_rows(*many)) == MAX_SERVICES


def test_a_row_is_asked_as_its_port_is_spoken_to() -> None:
    shown = {REGISTRY.check: presented(registry=replace(ASKS, token_port=80))}
    [plain] = token_services((REGISTRY,), shown)
    [secure] = token_services((REGISTRY,), {REGISTRY.check: presented(registry=ASKS)})
    assert (plain.kinds, secure.kinds) == ((ProbeKind.TCP_SYN,), HELLO)


def test_what_a_registry_names_is_reached_through_the_proxy_as_the_registry_would_be() -> None:
    proxy = ForwardProxy(
        client=Client.CONTAINERD,
        place=HostPort(host="192.0.2.1", port=3128),
        is_plain=True,
        direct=("registry.example",),
        path="/etc/systemd/system/containerd.service.d/http-proxy.conf",
        where="HTTPS_PROXY",
    )
    [row] = token_services((REGISTRY,), {REGISTRY.check: presented(registry=ASKS)}, (proxy,))
    assert (row.check, row.host, row.query) == (
        "registry-token-443", "192.0.2.1", "tokens.example:443"
    )
    # And its row is known again by the host that is meant.
    shown = {REGISTRY.check: presented(registry=ASKS)}
    assert token_services((REGISTRY, row), shown, (proxy,)) == ()


@pytest.mark.parametrize(
    ("host", "rows"),
    [
        pytest.param("blobs.example", [("registry-blob-443", "blobs.example")], id="a new host"),
        pytest.param("registry.example", [], id="the registry itself"),
        pytest.param("Tokens.example".lower(), [], id="a host of the run"),
        pytest.param("10.0.0.1", [], id="an address of a closed network"),
        pytest.param("127.0.0.1", [], id="this node"),
        pytest.param("-a..b", [], id="no host name"),
        pytest.param("198.51.100.7", [("registry-blob-443", "198.51.100.7")], id="an address"),
    ],
)
def test_a_blob_makes_a_row(host: str, rows: list[tuple[str, str]]) -> None:
    pulled = Pulled(image="a", steps=(), blobs=BlobPlace(host=host, port=443))
    shown = {REGISTRY.check: presented(registry=replace(ASKS, pulled=pulled))}
    found = blob_hosts((REGISTRY, KNOWN), shown)
    assert [(row.check, row.host) for row in found] == rows
    assert {(row.endpoint, row.kinds) for row in found} <= {(BLOB_HOST, HELLO)}


def test_without_a_pull_there_is_no_row_of_blobs() -> None:
    assert blob_hosts((REGISTRY,), {REGISTRY.check: presented(registry=ASKS)}) == ()
