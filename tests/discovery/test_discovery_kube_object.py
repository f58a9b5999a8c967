"""Kubernetes objects, one by one and in lists."""

import json
from typing import Any

import pytest

from edgediag.discovery.kube_object import said_by_object
from edgediag.discovery.source_file import SourceFile, said_by
from edgediag.model.answer import Answer
from edgediag.model.gateway import ActiveEndpoint, Gateway, GatewayNode, RavenMode
from edgediag.model.statement import Gap, Statement


def said(document: object) -> list[Any]:
    file = SourceFile(path="/f", text=json.dumps(document), written_s=1.0)
    return list(said_by(file, said_by_object))


def values(document: object) -> list[tuple[str, str, str]]:
    return [(s.name, s.node, s.value) for s in said(document) if isinstance(s, Statement)]


def service(name: str, ingress: list[dict[str, str]], namespace: str = "kube-system") -> Any:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": [{"port": 10280}, {"port": 10281}]},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


PROXY = service("x-raven-proxy-svc-gw-cloud-1a2b3c4d", [{"ip": "198.51.100.20"}])
ADDRESSES = [
    ("raven-proxy", "", "198.51.100.20:10280"),
    ("raven-proxy", "", "198.51.100.20:10281"),
]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(PROXY, ADDRESSES, id="Raven's Service"),
        pytest.param({"kind": "List", "items": [PROXY]}, ADDRESSES, id="kubectl's list"),
        pytest.param(
            {"kind": "ServiceList", "items": [{**PROXY, "kind": ""}]},
            ADDRESSES,
            id="the API's list, whose items have no kind",
        ),
        pytest.param(
            service("x-tunnel-server-svc", [{"hostname": "lb.example"}]),
            [("tunnel-server", "", "lb.example")],
            id="the tunnel server by its name",
        ),
        pytest.param(
            service("x-raven-proxy-svc-gw-cloud-1", [{"ip": "2001:db8::1"}])
            | {"spec": {"ports": [{"port": 1}]}},
            [("raven-proxy", "", "[2001:db8::1]:1")],
            id="IPv6",
        ),
        pytest.param(
            service("x-raven-proxy-svc-gw-cloud-1", [{"ip": "198.51.100.20"}], "default"),
            [],
            id="another namespace",
        ),
        pytest.param(
            service("x-raven-proxy-svc-gw-hangzhou-1a2b3c4d", [{"ip": "198.51.100.20"}]),
            ADDRESSES,
            id="a gateway of another name",
        ),
        pytest.param(
            service("x-raven-proxy-internal-svc", [{"ip": "198.51.100.20"}]),
            [],
            id="Raven's Service inside the cluster",
        ),
        pytest.param(service("kube-dns", [{"ip": "198.51.100.20"}]), [], id="another Service"),
        pytest.param(service("x-raven-proxy-svc-gw-cloud-1", []), [], id="no address yet"),
        pytest.param(
            {
                "kind": "ConfigMap",
                "metadata": {"name": "raven-cfg"},
                "data": {"enable-l7-proxy": "true", "enable-l3-tunnel": "False"},
            },
            [("proxy-mode", "", "yes"), ("tunnel-mode", "", "no")],
            id="Raven's switches",
        ),
        pytest.param(
            {
                "kind": "ConfigMap",
                "metadata": {"name": "raven-agent-config"},
                "data": {"vpn-driver": "wireguard"},
            },
            [("vpn-driver", "", "wireguard")],
            id="Raven's driver",
        ),
        pytest.param(
            {
                "kind": "ConfigMap",
                "metadata": {"name": "kube-flannel-cfg"},
                "data": {
                    "net-conf.json": json.dumps(
                        {"Network": "203.0.113.0/24", "Backend": {"Type": "vxlan", "Port": 8473}}
                    )
                },
            },
            [("cluster-cidr", "", "203.0.113.0/24"), ("flannel-port", "", "8473")],
            id="flannel's net-conf",
        ),
        pytest.param(
            {
                "kind": "Lease",
                "metadata": {"name": "edge-1", "namespace": "kube-node-lease"},
                "spec": {"renewTime": "2026-11-22T20:58:01.123456Z"},
            },
            [("api-last-reached", "edge-1", "2026-11-22T20:58:01Z")],
            id="a lease",
        ),
        pytest.param(
            {"kind": "Lease", "metadata": {"name": "x"}, "spec": {"renewTime": "2026-02-31T0"}},
            [],
            id="a lease with a time that is none",
        ),
        pytest.param(
            {
                "kind": "Pod",
                "spec": {
                    "containers": [
                        {
                            "image": "registry-cn-beijing.ack.aliyuncs.com/acs/raven:1",
                            "command": ["raven-agent-ds"],
                            "args": ["--vpn-driver=libreswan", "--node-name=$(NODE_NAME)"],
                        }
                    ]
                },
            },
            [("vpn-driver", "", "libreswan"), ("region", "", "cn-beijing")],
            id="a pod",
        ),
        pytest.param(
            {"kind": "Secret", "metadata": {"name": "raven-agent-secret"}, "data": {"k": "v"}},
            [],
            id="a Secret says nothing",
        ),
        pytest.param(["not", "an", "object"], [], id="a list of texts"),
        pytest.param({"kind": "List", "items": {"a": 1}}, [], id="items that are no list"),
    ],
)
def test_what_an_object_states(document: object, expected: list[tuple[str, str, str]]) -> None:
    assert values(document) == expected


def test_a_node_states_its_own_place() -> None:
    node = {
        "kind": "Node",
        "metadata": {
            "name": "edge-1",
            "labels": {"topology.kubernetes.io/region": "cn-hangzhou"},
            "annotations": {
                "flannel.alpha.coreos.com/public-ip": "192.0.2.11",
                "flannel.alpha.coreos.com/backend-data": '{"VtepMAC": "02:00:00:00:00:0B"}',
            },
        },
        "spec": {"podCIDR": "203.0.113.64/26"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "192.0.2.11"}],
            "nodeInfo": {"kubeletVersion": "v1.30.7"},
        },
    }
    assert values(node) == [
        ("pod-cidr", "edge-1", "203.0.113.64/26"),
        ("region", "edge-1", "cn-hangzhou"),
        ("pool-gateway", "edge-1", "none"),
        ("kubelet-version", "edge-1", "v1.30.7"),
        ("node-address", "edge-1", "192.0.2.11"),
        ("vtep", "edge-1", "192.0.2.11 02:00:00:00:00:0b"),
    ]


def test_a_gateway_of_v1beta1() -> None:
    endpoint = {
        "nodeName": "n",
        "type": "tunnel",
        "publicIP": "198.51.100.21",
        "config": {"enable-l3-tunnel": "true"},
    }
    document = {
        "kind": "Gateway",
        "apiVersion": "raven.openyurt.io/v1beta1",
        "metadata": {"name": "gw"},
        "spec": {
            "exposeType": "LoadBalancer",
            "tunnelConfig": {"Replicas": 1},
            "endpoints": [endpoint, {"nodeName": "m", "type": "teleport"}],
        },
        "status": {
            "nodes": [{"nodeName": "n", "privateIP": "?", "subnets": ["203.0.113.1/26", "x"]}],
            "activeEndpoints": [endpoint],
        },
    }
    [gateway] = said(document)
    assert (gateway.is_exposed, gateway.replicas) == (True, ((RavenMode.TUNNEL, 1),))
    assert gateway.candidates == ((RavenMode.TUNNEL, "n"),)
    assert gateway.endpoints == (
        ActiveEndpoint(
            node="n",
            mode=RavenMode.TUNNEL,
            public_ip="198.51.100.21",
            port=4500,
            is_enabled=Answer.YES,
            public_key="",
        ),
    )
    [node] = gateway.nodes
    assert isinstance(node, GatewayNode)
    assert (node.name, node.private_ip, [str(net) for net in node.subnets]) == (
        "n",
        None,
        ["203.0.113.0/26"],
    )


def test_a_gateway_of_v1alpha1_knows_tunnels_only() -> None:
    document = {
        "kind": "Gateway",
        "apiVersion": "raven.openyurt.io/v1alpha1",
        "metadata": {"name": "gw"},
        "status": {
            "activeEndpoint": {"nodeName": "n", "publicIP": "198.51.100.21", "underNAT": False}
        },
    }
    [gateway] = said(document)
    assert isinstance(gateway, Gateway)
    assert gateway.is_exposed
    assert [endpoint.mode for endpoint in gateway.endpoints] == [RavenMode.TUNNEL]


def test_a_gateway_without_a_name_is_told() -> None:
    [gap] = said({"kind": "Gateway"})
    assert gap == Gap(reason="cannot use /f: a Gateway without a name", is_missing=False)
