"""What is discovered of a node's tree is what was recorded of it, and what its makers put there."""

import json
from ipaddress import ip_address
from typing import Any

import pytest

from edgediag.model.answer import Answer
from edgediag.model.cluster import ClusterFacts, HostPort
from edgediag.model.gateway import Role
from node_trees import NAMES, TREES, expected_path, facts_of, recorded_form

RENEWED_S = 1_795_381_081.0
API = HostPort(host="198.51.100.6", port=6443)


@pytest.mark.parametrize("name", NAMES)
def test_a_tree_is_read_as_recorded(name: str) -> None:
    assert recorded_form(facts_of(name)) == json.loads(expected_path(name).read_text())


# Written by hand from what the trees were made to show, so that no recording agrees by itself.
ACK: dict[str, Any] = {
    "region": "cn-hangzhou",
    "api_servers": (API,),
    "proxy_mode": Answer.YES,
    "raven_proxies": ("198.51.100.20",),
    "vpn_driver": "libreswan",
    "conflicts": (),
    "warnings": (),
}
BOTH: dict[str, Any] = {
    **ACK,
    "tunnel_mode": Answer.YES,
    "raven_tunnels": ("198.51.100.21",),
    "advertised_tunnels": (HostPort(host="198.51.100.21", port=4500),),
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            "ack-proxy-mode",
            {
                **ACK,
                "tunnel_mode": Answer.NO,
                "proxy_role": Role.GATEWAY,
                "tunnel_role": None,
                "raven_tunnels": (),
                "peers": (ip_address("192.0.2.12"),),
                "api_last_reached_s": RENEWED_S,
            },
            id="tunnel mode is off in a new cluster",
        ),
        pytest.param(
            "ack-tunnel-gateway",
            {**BOTH, "proxy_role": Role.GATEWAY, "tunnel_role": Role.GATEWAY},
            id="the elected node of a pool is its gateway",
        ),
        pytest.param(
            "ack-tunnel-member",
            {**BOTH, "proxy_role": Role.MEMBER, "tunnel_role": Role.MEMBER},
            id="its neighbour is a member",
        ),
        pytest.param(
            "ack-single-node-pool",
            {**BOTH, "proxy_role": Role.SINGLE_NODE, "peers": ()},
            id="a pool of one has no peers",
        ),
        pytest.param(
            "ack-before-1-26",
            {
                "region": "cn-beijing",
                "api_servers": (API,),
                "tunnel_servers": ("198.51.100.30",),
                "proxy_mode": Answer.NOT_CHECKED,
                "gateways": (),
            },
            id="the older layout of the cache",
        ),
        pytest.param(
            "openyurt-static-pod",
            {
                "api_servers": (API, HostPort(host="198.51.100.7", port=6443)),
                "vpn_driver": "wireguard",
                "advertised_proxies": (HostPort(host="198.51.100.40", port=10262),),
                "conflicts": (),
            },
            id="a list of API servers, and kubeconfigs that know one of them, is no conflict",
        ),
        pytest.param(
            "openyurt-systemd",
            {
                "api_servers": (HostPort(host="198.51.100.8", port=6443),),
                "proxy_role": Role.SOLO,
                "tunnel_role": Role.SOLO,
            },
            id="a unit with its drop-in, and no Gateway that lists the node",
        ),
        pytest.param(
            "empty-host",
            {"region": None, "version": None, "api_servers": (), "proxy_role": None},
            id="nothing is known of a host that never joined",
        ),
    ],
)
def test_a_tree_holds_what_it_was_made_to_show(name: str, expected: dict[str, Any]) -> None:
    facts: ClusterFacts = facts_of(name)
    assert {field: getattr(facts, field) for field in expected} == expected


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_a_tree_becomes_a_fact(name: str) -> None:
    text = repr(facts_of(name))
    assert not [word for word in ("abcdef.0123456789abcdef", "bm90LWEt") if word in text]


@pytest.mark.parametrize("name", NAMES)
def test_trees_hold_documentation_addresses_only(name: str) -> None:
    from_elsewhere = [
        path
        for path in (TREES / name).rglob("*")
        if path.is_file() and any(part in path.read_text() for part in ("10.0.", "172.1", "47."))
    ]
    assert from_elsewhere == []
