"""The hub's cache: both layouts, only what is wanted, and never a Secret."""

import json

import pytest

from edgediag.discovery import hub_cache
from edgediag.discovery.hub_cache import ROOT, said_by_cache
from edgediag.model.statement import Gap, Statement
from node_files import Files


def said(texts: dict[str, object]) -> list[Statement | Gap]:
    files = Files({f"{ROOT}/{path}": json.dumps(text) for path, text in texts.items()})
    found = said_by_cache(files, ROOT)
    return [item for item in found if isinstance(item, Statement | Gap)]


def facts(texts: dict[str, object]) -> set[tuple[str, str]]:
    return {(item.name, item.value) for item in said(texts) if isinstance(item, Statement)}


CONFIG = {
    "kind": "ConfigMap",
    "metadata": {"name": "raven-cfg"},
    "data": {"enable-l3-tunnel": "true"},
}
TUNNEL = {("tunnel-mode", "yes")}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("kubelet/configmaps.v1.core/kube-system/raven-cfg", TUNNEL, id="now"),
        pytest.param("kubelet/configmaps/kube-system/raven-cfg", TUNNEL, id="before v1.1"),
        pytest.param("raven/configmaps.v1.core/kube-system/raven-cfg", TUNNEL, id="any component"),
        pytest.param("kubelet/configmaps.v1.core/default/raven-cfg", set(), id="a namespace"),
        pytest.param("kubelet/configmaps.v1.core/kube-system/tmp_raven-cfg", set(), id="half done"),
        pytest.param("kubelet/configmaps.v1.core/kube-system/coredns", set(), id="another name"),
        pytest.param("kubelet/secrets.v1.core/kube-system/raven-cfg", set(), id="a Secret"),
        pytest.param("kubelet/Configmaps..v1/kube-system/raven-cfg", set(), id="no resource"),
    ],
)
def test_where_an_object_is_looked_for(path: str, expected: set[tuple[str, str]]) -> None:
    assert facts({path: CONFIG}) == expected


def test_the_version_of_the_cluster() -> None:
    assert facts({"version": {"gitVersion": "v1.30.7-aliyun.1"}}) == {
        ("k8s-version", "v1.30.7-aliyun.1")
    }


def test_the_kubelets_node_is_this_one() -> None:
    node = {"kind": "Node", "metadata": {"name": "edge-1"}}
    assert ("node-name", "edge-1") in facts({"kubelet/nodes.v1.core/edge-1": node})
    assert ("node-name", "edge-1") not in facts({"flanneld/nodes.v1.core/edge-1": node})


def test_too_many_objects_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_cache, "MAX_OBJECTS", 2)
    nodes: dict[str, object] = {f"flanneld/nodes.v1.core/n{n}": {"kind": "Node"} for n in range(4)}
    gaps = [item.reason for item in said(nodes) if isinstance(item, Gap) and not item.is_missing]
    assert gaps == [f"{ROOT}/flanneld/nodes.v1.core: only 2 of 4 files are read"]


def test_too_much_text_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_cache, "MAX_CHARACTERS", 40)
    nodes: dict[str, object] = {f"flanneld/nodes.v1.core/n{n}": {"kind": "Node"} for n in range(4)}
    gaps = [item.reason for item in said(nodes) if isinstance(item, Gap) and not item.is_missing]
    assert gaps == [f"{ROOT}: only the first 40 characters are read"]


def test_a_torn_object_is_told() -> None:
    files = Files({f"{ROOT}/kubelet/nodes.v1.core/edge-1": "{"})
    gaps = [item for item in said_by_cache(files, ROOT) if isinstance(item, Gap)]
    reason = f"cannot use {ROOT}/kubelet/nodes.v1.core/edge-1: not JSON"
    assert gaps[-1] == Gap(reason=reason, is_missing=False)
