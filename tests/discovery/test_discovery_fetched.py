"""What the API server says, beside what lies on this node's disk."""

import json

import pytest

from edgediag.cli.asking import with_objects
from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.discovery.source_file import SourceFile
from edgediag.model.answer import Answer
from edgediag.model.cluster import Fact
from edgediag.model.statement import Gap
from node_files import Files

API = "https://198.51.100.6:6443"
CACHED = "/etc/kubernetes/cache/kubelet/nodes.v1.core/edge-1"


def node(region: str) -> str:
    labels = {"topology.kubernetes.io/region": region}
    return json.dumps({"kind": "Node", "metadata": {"name": "edge-1", "labels": labels}})


def fetched(text: str, path: str = "/api/v1/nodes/edge-1") -> SourceFile:
    return SourceFile(path=f"{API}{path}", text=text, written_s=1_700_000_100.0)


def given(*objects: SourceFile | Gap, stated: tuple[Fact, ...] = ()) -> Given:
    return Given(stated=stated, root="/", saved=(), fetched=objects)


DISK = Files({CACHED: node("cn-hangzhou"), "/etc/hostname": "edge-1\n"})


def test_what_it_says_now_comes_before_what_it_said_once_and_the_conflict_shows() -> None:
    facts = discover(DISK, given(fetched(node("cn-beijing"))))
    (conflict,) = facts.conflicts
    assert facts.region == "cn-beijing"
    assert (conflict.kept.value, conflict.kept.path) == ("cn-beijing", f"{API}/api/v1/nodes/edge-1")
    assert (conflict.other.value, conflict.other.path) == ("cn-hangzhou", CACHED)
    assert conflict.kept.written_s == 1_700_000_100.0


def test_what_was_stated_comes_before_both() -> None:
    stated = (Fact(name="region", value="cn-shanghai", source="--region"),)
    assert discover(DISK, given(fetched(node("cn-beijing")), stated=stated)).region == "cn-shanghai"


def test_a_list_of_config_maps_and_objects_without_a_kind_in_them() -> None:
    config = {"metadata": {"name": "raven-cfg"}, "data": {"enable-l3-tunnel": "true"}}
    text = json.dumps({"kind": "ConfigMapList", "items": [config]})
    assert discover(DISK, given(fetched(text))).tunnel_mode is Answer.YES


@pytest.mark.parametrize(
    ("item", "warning"),
    [
        pytest.param(
            fetched('{"kind": "NodeList", "metadata": {"continue": "abc"}, "items": []}'),
            f"{API}/api/v1/nodes/edge-1: only the first of them were read",
            id="a list that goes on",
        ),
        pytest.param(
            fetched("<html>"), f"cannot use {API}/api/v1/nodes/edge-1: not JSON", id="no JSON"
        ),
        pytest.param(
            Gap(reason=f"{API} does not answer: x", is_missing=False),
            f"{API} does not answer: x",
            id="no answer",
        ),
    ],
)
def test_what_cannot_be_used_is_a_note(item: SourceFile | Gap, warning: str) -> None:
    assert warning in discover(DISK, given(item)).warnings


def test_a_copied_tree_asks_nobody(tmp_path: object) -> None:
    copied = Given(stated=(), root=str(tmp_path), saved=())
    assert with_objects(copied) is copied


def test_nobody_is_asked_where_the_operator_says_so() -> None:
    silent = Given(stated=(), root="/", saved=(), is_asking=False)
    assert with_objects(silent) is silent
