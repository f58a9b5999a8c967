"""What Gateways make of a node: modes, role, whom it dials."""

from dataclasses import replace

import pytest

from edgediag.discovery.raven import Node, facts_of_gateways
from edgediag.model.answer import Answer
from edgediag.model.gateway import ActiveEndpoint, Gateway, GatewayNode, RavenMode
from edgediag.model.statement import Gap, Statement

PROXY, TUNNEL = RavenMode.PROXY, RavenMode.TUNNEL


def active(node: str, mode: RavenMode, public_ip: str = "") -> ActiveEndpoint:
    return ActiveEndpoint(
        node=node, mode=mode, public_ip=public_ip, port=4500, is_enabled=Answer.YES
    )


def gateway(name: str, nodes: tuple[str, ...], *endpoints: ActiveEndpoint) -> Gateway:
    return Gateway(
        name=name,
        is_exposed=name == "gw-cloud",
        replicas=(),
        candidates=tuple((endpoint.mode, endpoint.node) for endpoint in endpoints),
        endpoints=endpoints,
        nodes=tuple(GatewayNode(name=node, private_ip=None, subnets=()) for node in nodes),
        path="/cache",
        written_s=None,
    )


P, T = active("cloud", PROXY, "198.51.100.20"), active("cloud", TUNNEL, "198.51.100.21")
CLOUD = gateway("gw-cloud", ("cloud",), P, T)
SITE = gateway("gw-site", ("a", "b"), active("a", PROXY), active("b", TUNNEL))


def facts(*gateways: Gateway, node: str = "a", label: str = "gw-site") -> dict[str, str]:
    said = facts_of_gateways(gateways, Node(name=node, pool_gateway=label))
    return {item.name: item.value for item in said if isinstance(item, Statement)}


def gaps(*gateways: Gateway, node: str = "a", label: str = "gw-site") -> list[str]:
    said = facts_of_gateways(gateways, Node(name=node, pool_gateway=label))
    return [item.reason for item in said if isinstance(item, Gap)]


@pytest.mark.parametrize(
    ("gateways", "node", "expected"),
    [
        pytest.param((CLOUD, SITE), "a", ("gateway", "member"), id="each mode has its own"),
        pytest.param((CLOUD, SITE), "b", ("member", "gateway"), id="and its own members"),
        pytest.param(
            (CLOUD, replace(SITE, nodes=SITE.nodes[:1])),
            "a",
            ("single-node", "single-node"),
            id="the only one of its pool",
        ),
        pytest.param(
            (CLOUD, replace(SITE, endpoints=())), "a", (None, None), id="nobody is elected"
        ),
        pytest.param((CLOUD,), "", (None, None), id="a node without a name"),
        pytest.param((), "a", (None, None), id="no Gateway at all"),
    ],
)
def test_the_role_of_a_node(
    gateways: tuple[Gateway, ...], node: str, expected: tuple[str | None, str | None]
) -> None:
    found = facts(*gateways, node=node)
    assert (found.get("proxy-role"), found.get("tunnel-role")) == expected


@pytest.mark.parametrize(
    ("label", "role"),
    [
        pytest.param("none", "solo", id="labels name none: it has no pool"),
        pytest.param("gw-site", None, id="labels name one that was not seen"),
        pytest.param("", None, id="labels were not seen"),
    ],
)
def test_a_node_no_gateway_lists(label: str, role: str | None) -> None:
    assert facts(CLOUD, label=label).get("proxy-role") == role
    assert bool(gaps(CLOUD, label=label)) == (role is None)


OFF = replace(CLOUD, endpoints=(P,))


@pytest.mark.parametrize(
    ("cloud", "tunnel"),
    [
        pytest.param(CLOUD, "yes", id="elected"),
        pytest.param(OFF, "no", id="its candidate is ready and was not elected for it"),
        pytest.param(replace(OFF, candidates=()), "no", id="it has no candidate"),
        pytest.param(
            replace(OFF, candidates=((TUNNEL, "other"),)), None, id="its candidate may not be ready"
        ),
        pytest.param(replace(OFF, endpoints=()), None, id="nobody is elected for anything"),
        pytest.param(
            replace(CLOUD, endpoints=(P, replace(T, is_enabled=Answer.NO))),
            "no",
            id="the endpoint itself says that it is off",
        ),
        pytest.param(replace(CLOUD, is_exposed=False), None, id="nobody dials it"),
    ],
)
def test_whether_the_tunnel_is_on(cloud: Gateway, tunnel: str | None) -> None:
    assert facts(cloud).get("tunnel-mode") == tunnel


def test_a_pool_without_replicas_takes_no_part() -> None:
    site = replace(SITE, replicas=((TUNNEL, 0),))
    assert facts(CLOUD, site)["tunnel-mode"] == "no"


def test_what_is_dialled_is_what_exposed_gateways_advertise() -> None:
    found = facts(CLOUD, SITE)
    assert (found["raven-proxy"], found["raven-tunnel"]) == (
        "198.51.100.20:4500",
        "198.51.100.21:4500",
    )


def test_an_endpoint_without_an_address_is_told() -> None:
    cloud = replace(CLOUD, endpoints=(replace(P, public_ip=""),))
    assert "/cache: gw-cloud status.activeEndpoints[0] has no public address yet" in gaps(cloud)
