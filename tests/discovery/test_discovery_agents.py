"""What is stated above what is found, and where two say different things."""

import json

import pytest

from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.discovery.source_file import SourceFile
from edgediag.model.answer import Answer
from edgediag.model.cluster import ClusterFacts, Fact, HostPort
from edgediag.model.gateway import Role
from node_files import Files
from node_trees import StillFiles


def facts(tree: str, *stated: tuple[str, str], saved: tuple[SourceFile, ...] = ()) -> ClusterFacts:
    said = tuple(Fact(name=name, value=value, source=f"--{name}") for name, value in stated)
    return discover(StillFiles(tree), Given(stated=said, root="/", saved=saved))


def test_an_option_overrides_and_the_conflict_shows() -> None:
    found = facts("ack-proxy-mode", ("region", "cn-beijing"))
    assert found.region == "cn-beijing"
    [conflict] = found.conflicts
    assert (conflict.kept.path, conflict.other.value) == ("--region", "cn-hangzhou")


def test_an_option_that_agrees_is_no_conflict() -> None:
    found = facts("ack-proxy-mode", ("region", "cn-hangzhou"), ("api-server", "198.51.100.6"))
    assert found.conflicts == ()


def test_a_role_that_is_stated_holds_for_both_modes() -> None:
    found = facts("ack-tunnel-member", ("role", "gateway"))
    assert (found.proxy_role, found.tunnel_role) == (Role.GATEWAY, Role.GATEWAY)
    assert [item.other.value for item in found.conflicts] == ["member", "member"]


@pytest.mark.parametrize(
    ("stated", "is_on"),
    [
        pytest.param((), Answer.NO, id="found"),
        pytest.param((("tunnel-mode", "yes"),), Answer.YES, id="stated"),
        pytest.param((("raven-gateway", "198.51.100.21"),), Answer.NO, id="a gateway for both"),
        pytest.param(
            (("raven-tunnel", "198.51.100.21"),),
            Answer.NOT_CHECKED,
            id="who names the tunnel's own host wants it asked",
        ),
    ],
)
def test_whether_the_tunnel_is_on(stated: tuple[tuple[str, str], ...], is_on: Answer) -> None:
    assert facts("ack-proxy-mode", *stated).tunnel_mode is is_on


def test_saved_objects_are_believed_before_the_cache() -> None:
    gateway = {
        "kind": "Gateway",
        "metadata": {"name": "gw-cloud"},
        "spec": {"exposeType": "PublicIP"},
        "status": {
            "activeEndpoints": [
                {"nodeName": "n", "type": "proxy", "port": 10280, "publicIP": "198.51.100.99"}
            ]
        },
    }
    text = json.dumps({"kind": "List", "items": [gateway]})
    saved = SourceFile(path="gateways.json", text=text, written_s=None)
    found = facts("ack-proxy-mode", saved=(saved,))
    assert found.advertised_proxies == (HostPort(host="198.51.100.99", port=10280),)
    assert "198.51.100.20:10280" in {item.other.value for item in found.conflicts}


def test_services_alone_tell_the_addresses() -> None:
    service = {
        "kind": "Service",
        "metadata": {"name": "x-raven-tunnel-svc-gw-cloud-1", "namespace": "kube-system"},
        "spec": {"ports": [{"port": 4500}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.21"}]}},
    }
    saved = SourceFile(path="svc.json", text=json.dumps(service), written_s=None)
    found = facts("empty-host", saved=(saved,))
    assert (found.raven_tunnels, found.raven_proxies) == (("198.51.100.21",), ())


def test_a_saved_file_that_is_none_is_a_note() -> None:
    saved = SourceFile(path="svc.json", text="{", written_s=None)
    found = facts("empty-host", saved=(saved,))
    assert "cannot use svc.json: not JSON" in found.warnings


def test_a_saved_file_without_an_object_is_a_note() -> None:
    saved = SourceFile(path="svc.json", text='{"kind": "List", "items": []}', written_s=None)
    found = facts("empty-host", saved=(saved,))
    assert "svc.json holds no object that says anything" in found.warnings


def test_a_node_of_several_names_has_no_role() -> None:
    node = json.dumps({"kind": "Node", "metadata": {"name": "x"}})
    cache = "/etc/kubernetes/cache/kubelet/nodes.v1.core"
    gateway = json.dumps({"kind": "Gateway", "metadata": {"name": "gw"}})
    files = Files(
        {
            f"{cache}/edge-1": node,
            f"{cache}/edge-2": node,
            "/etc/kubernetes/cache/raven-agent-ds/gateways.v1beta1.raven.openyurt.io/gw": gateway,
        }
    )
    found = discover(files, Given(stated=(), root="/", saved=()))
    assert (found.proxy_role, found.tunnel_role) == (None, None)
    note = "the node has several names, so its role is not known: edge-1, edge-2"
    assert note in found.warnings


def test_a_hub_that_keeps_its_cache_elsewhere_is_followed() -> None:
    files = Files(
        {
            "/proc/7/cmdline": "yurthub\0--disk-cache-path=/data/cache/\0",
            "/data/cache/version": '{"gitVersion": "v1.30.7"}',
        }
    )
    found = discover(files, Given(stated=(), root="/", saved=()))
    assert found.version is not None
    assert found.version.text == "v1.30.7"
