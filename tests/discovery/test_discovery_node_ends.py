"""Which node objects are held against the kernel's tables."""

from ipaddress import ip_address

import pytest

from edgediag.discovery.node_ends import node_ends
from edgediag.model.overlay import NodeEnd
from edgediag.model.statement import Statement

FLANNELS = "/etc/kubernetes/cache/flanneld/nodes.v1.core/edge-2"
END = "192.0.2.11 02:00:00:00:00:0b"


def said(value: str, path: str = FLANNELS, *, name: str = "vtep") -> Statement:
    return Statement(name=name, node="edge-2", value=value, path=path, where="", written_s=None)


POD_NET = said("203.0.113.128/25", name="pod-cidr")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(FLANNELS, id="flannel's own cache"),
        pytest.param("https://198.51.100.6:6443/api/v1/nodes/edge-2", id="the API server"),
        pytest.param("nodes.json", id="a saved file"),
    ],
)
def test_an_end_and_where_it_was_read(path: str) -> None:
    assert node_ends([said(END, path), POD_NET]) == (
        NodeEnd(
            node="edge-2",
            address=ip_address("192.0.2.11"),
            mac="02:00:00:00:00:0b",
            inner=ip_address("203.0.113.128"),
            source=path,
        ),
    )


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            said(END, "/etc/kubernetes/cache/kube-proxy/nodes.v1.core/edge-2"), id="another's cache"
        ),
        pytest.param(said("edge-2 02:00:00:00:00:0b"), id="no address"),
        pytest.param(said("cn-hangzhou", name="region"), id="another fact"),
    ],
)
def test_what_is_not_held_against_them(statement: Statement) -> None:
    assert node_ends([statement]) == ()


@pytest.mark.parametrize("network", ["", "x", "203.0.113.129/25"])
def test_a_network_that_is_none_gives_no_inner_address(network: str) -> None:
    (end,) = node_ends([said(END), said(network, name="pod-cidr")])
    assert end.inner is None
