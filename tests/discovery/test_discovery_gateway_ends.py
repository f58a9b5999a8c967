"""Where the tunnels of this node end, as Gateway objects have it; and the driver by its device."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from edgediag.discovery.gateway import said_by_gateway
from edgediag.discovery.gateway_ends import gateway_ends, gateway_pools
from edgediag.discovery.source_file import SourceFile
from edgediag.discovery.wireguard_device import said_by_device
from edgediag.model.answer import Answer
from edgediag.model.gateway import ActiveEndpoint, Gateway, GatewayNode, RavenMode
from edgediag.model.raven_set import GatewayPool
from edgediag.model.statement import Statement
from edgediag.model.wireguard import GatewayEnd
from node_files import Files

KEY = f"{'A' * 43}="
TUNNEL = ActiveEndpoint(
    node="m",
    mode=RavenMode.TUNNEL,
    public_ip="198.51.100.21",
    port=4500,
    is_enabled=Answer.YES,
    public_key=KEY,
)
CLOUD = Gateway(
    name="gw-cloud",
    is_exposed=True,
    replicas=(),
    candidates=(),
    endpoints=(TUNNEL,),
    nodes=(GatewayNode(name="m", private_ip=None, subnets=(ip_network("203.0.113.0/25"),)),),
    path="/cache/gw-cloud",
    written_s=None,
)
END = GatewayEnd(
    gateway="gw-cloud",
    address=ip_address("198.51.100.21"),
    port=4500,
    public_key=KEY,
    networks=("203.0.113.0/25",),
    source="/cache/gw-cloud",
)


@pytest.mark.parametrize(
    ("gateway", "expected"),
    [
        pytest.param(CLOUD, (END,), id="the cloud's"),
        pytest.param(replace(CLOUD, is_exposed=False), (), id="nobody dials a pool"),
        pytest.param(
            replace(CLOUD, endpoints=(replace(TUNNEL, mode=RavenMode.PROXY),)), (), id="a proxy"
        ),
        pytest.param(
            replace(CLOUD, endpoints=(replace(TUNNEL, public_ip=""),)), (), id="without an address"
        ),
        pytest.param(
            replace(CLOUD, endpoints=(replace(TUNNEL, public_ip="192.0.2.7"),)),
            (),
            id="this node does not dial it",
        ),
    ],
)
def test_the_ends_of_a_gateway(gateway: Gateway, expected: tuple[GatewayEnd, ...]) -> None:
    assert gateway_ends([gateway], ("198.51.100.21", "")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(KEY, KEY, id="as wg writes it"),
        pytest.param(KEY[:-2], "", id="cut off"),
        pytest.param("no key\x1b[31m", "", id="something else"),
    ],
)
def test_a_public_key_is_one_or_none(text: str, expected: str) -> None:
    endpoint = {
        "nodeName": "m",
        "type": "tunnel",
        "publicIP": "198.51.100.21",
        "config": {"publicKey": text},
    }
    document = {"metadata": {"name": "gw"}, "status": {"activeEndpoints": [endpoint]}}
    file = SourceFile(path="/f", text="", written_s=1.0)
    (gateway,) = said_by_gateway(file, document)
    assert isinstance(gateway, Gateway)
    assert [item.public_key for item in gateway.endpoints] == [expected]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param({"/sys/class/net/raven-wg0/ifindex": "7\n"}, ["wireguard"], id="it is there"),
        pytest.param({"/sys/class/net/raven0/ifindex": "7\n"}, [], id="another is"),
        pytest.param({}, [], id="a tree without devices"),
    ],
)
def test_the_device_tells_the_driver(texts: dict[str, str], expected: list[str]) -> None:
    said = list(said_by_device(Files(texts)))
    assert all(isinstance(item, Statement) for item in said)
    assert [item.value for item in said] == expected


def test_the_pool_of_a_gateway() -> None:
    node = replace(CLOUD.nodes[0], private_ip=ip_address("192.0.2.200"))
    expected = GatewayPool(
        gateway="gw-cloud",
        nodes=(ip_address("192.0.2.200"),),
        networks=("203.0.113.0/25",),
        source="/cache/gw-cloud",
    )
    assert gateway_pools([replace(CLOUD, nodes=(node,))]) == (expected,)
