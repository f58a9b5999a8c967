"""Trees that somebody made to break discovery: each is a value or a note, never an exception."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.discovery.kubeconfig import PATHS as KUBECONFIGS
from edgediag.matrix import build_matrix
from edgediag.model.cluster import ClusterFacts
from edgediag.net.files import NodeFiles
from node_files import Files
from node_trees import TREES

NOTHING = Given(stated=(), root="/", saved=())
CACHE = "/etc/kubernetes/cache"
GATEWAYS = f"{CACHE}/raven-agent-ds/gateways.v1beta1.raven.openyurt.io"
OBJECTS = (
    f"{GATEWAYS}/gw-cloud",
    f"{GATEWAYS}/gw-site",
    f"{CACHE}/kubelet/nodes.v1.core/edge-1",
    f"{CACHE}/kubelet/leases/kube-node-lease/edge-1",
    f"{CACHE}/kubelet/services.v1.core/kube-system/x-raven-proxy-svc-gw-cloud-1",
    f"{CACHE}/kubelet/configmaps.v1.core/kube-system/raven-cfg",
    f"{CACHE}/kubelet/pods.v1.core/kube-system/raven-agent-ds-1",
    f"{CACHE}/version",
    "/etc/kubernetes/manifests/hub.yaml",
    "/etc/kube-flannel/net-conf.json",
    "/var/lib/kubelet/config.yaml",
    *KUBECONFIGS,
)
PATHS = (
    *OBJECTS,
    "/proc/7/cmdline",
    "/etc/systemd/system/edge-hub.service",
    "/etc/systemd/system/edge-hub.service.d/10-edge-hub.conf",
    "/etc/containerd/config.toml",
    "/etc/chrony.conf",
    "/etc/hostname",
    "/run/flannel/subnet.env",
)
KINDS = ("Gateway", "Node", "Lease", "Service", "ConfigMap", "Pod", "List", "NodeList")
# The keys that are asked for, so that what is made up comes to the code that uses it.
KEYS = st.sampled_from(
    "kind metadata name namespace spec status data labels annotations items nodes endpoints"
    " activeEndpoints activeEndpoint nodeName type port publicIP config subnets privateIP"
    " exposeType tunnelConfig Replicas podCIDR podCIDRs renewTime loadBalancer ingress ip ports"
    " containers command args image clusters cluster server gitVersion enable-l3-tunnel"
    " raven.openyurt.io/gateway topology.kubernetes.io/region addresses address".split()
)
WORDS = st.sampled_from(
    "proxy tunnel edge-1 gw-cloud gw-site true false 198.51.100.20 203.0.113.64/26 99999 0"
    " cn-hangzhou 2026-11-22T20:58:01Z https://198.51.100.6:6443 x-raven-proxy-svc-gw-cloud-1"
    " raven-cfg yurthub --server-addr=https://[::1 --node-name=\x1b[31m InternalIP".split()
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=40,
)
OBJECT = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS), "metadata": VALUES, "spec": VALUES, "status": VALUES}
)


def is_printable(facts: ClusterFacts) -> bool:
    """Whether every value that holds is spelled in characters that print."""
    return all(item.value.isprintable() for item in facts.statements if item.name != "gateway")


@given(st.dictionaries(st.sampled_from(PATHS), st.text(max_size=300), max_size=6))
def test_any_text_in_any_file_is_a_value_or_a_note_never_an_exception(
    texts: dict[str, str],
) -> None:
    facts = discover(Files(texts), NOTHING)
    build_matrix(facts)
    assert is_printable(facts)


@given(st.dictionaries(st.sampled_from(OBJECTS), OBJECT | VALUES, max_size=6))
def test_any_object_in_any_file_is_a_value_or_a_note_never_an_exception(
    objects: dict[str, object],
) -> None:
    texts = {path: json.dumps(value) for path, value in objects.items()}
    facts = discover(Files(texts), NOTHING)
    build_matrix(facts)
    assert is_printable(facts)


@given(st.lists(st.text(max_size=60) | WORDS, max_size=12))
def test_any_command_line_is_a_value_or_nothing_never_an_exception(words: list[str]) -> None:
    text = "\0".join(("/usr/bin/edge-hub", *words))
    assert is_printable(discover(Files({"/proc/7/cmdline": text}), NOTHING))


TUNNEL = {
    path: (TREES / "ack-tunnel-gateway/root" / path.lstrip("/")).read_text()
    for path in (
        f"{GATEWAYS}/gw-cloud",
        f"{GATEWAYS}/gw-hangzhou-site",
        f"{CACHE}/kubelet/nodes.v1.core/edge-1",
        f"{CACHE}/kubelet/leases.v1.coordination.k8s.io/kube-node-lease/edge-1",
        f"{CACHE}/kubelet/pods.v1.core/kube-system/raven-agent-ds-x7k2p",
        f"{CACHE}/version",
    )
}


@given(st.data())
def test_a_real_object_with_anything_at_any_place_of_it_is_read(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(TUNNEL)))
    document: Any = json.loads(TUNNEL[path])
    inner = document
    while isinstance(inner, dict | list) and inner:
        keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(inner[key], dict | list) or data.draw(st.booleans()):
            inner[key] = data.draw(VALUES)
            break
        inner = inner[key]
    facts = discover(Files({**TUNNEL, path: json.dumps(document)}), NOTHING)
    build_matrix(facts)
    assert is_printable(facts)


def put(root: Path, path: str) -> Path:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def discovered(root: Path) -> ClusterFacts:
    return discover(NodeFiles(root=str(root)), NOTHING)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in ("/etc/hosts", "/etc/resolv.conf"):
        put(tmp_path, path).write_text("")
    return tmp_path


def test_links_in_a_circle_are_a_note(root: Path) -> None:
    put(root, f"{CACHE}/version").symlink_to("version")
    assert discovered(root).warnings == (
        f"cannot look at {CACHE}/version: too many levels of symbolic links",
    )


def test_a_cache_that_holds_itself_ends(root: Path) -> None:
    put(root, f"{CACHE}/kubelet").symlink_to(".", target_is_directory=True)
    put(root, f"{CACHE}/version").write_text('{"gitVersion": "v1.30.7"}')
    assert discovered(root).version is not None


def test_a_pipe_does_not_hold_us_up(root: Path) -> None:
    os.mkfifo(put(root, f"{CACHE}/version"))
    assert discovered(root).warnings == (f"cannot read {CACHE}/version: not a regular file",)


def test_a_directory_in_place_of_a_file_is_a_note(root: Path) -> None:
    put(root, "/etc/kubernetes/kubelet.conf").mkdir()
    assert discovered(root).warnings == (
        "cannot read /etc/kubernetes/kubelet.conf: not a regular file",
    )


def test_a_file_in_place_of_a_directory_is_a_note(root: Path) -> None:
    put(root, "/etc/kubernetes/manifests").write_text("")
    assert discovered(root).warnings == ("cannot list /etc/kubernetes/manifests: not a directory",)


def test_octets_that_are_no_text_are_a_note(root: Path) -> None:
    put(root, f"{CACHE}/version").write_bytes(bytes(range(256)) * 16)
    assert discovered(root).warnings == (f"cannot use {CACHE}/version: neither JSON nor YAML",)


def test_a_file_that_is_too_large_is_a_note(root: Path) -> None:
    with put(root, f"{CACHE}/version").open("wb") as stream:
        stream.truncate(1 << 30)
    [note] = discovered(root).warnings
    assert note.startswith(f"cannot read {CACHE}/version: larger than")


def test_no_link_leads_out_of_the_tree(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "version"
    outside.write_text('{"gitVersion": "v1.30.7"}')
    put(root, f"{CACHE}/version").symlink_to(outside)
    assert discovered(root).version is None


def test_a_time_no_calendar_knows_is_no_time(root: Path) -> None:
    version = put(root, f"{CACHE}/version")
    version.write_text('{"gitVersion": "v1.30.7"}')
    os.utime(version, (-5.0, -5.0))
    [statement] = [item for item in discovered(root).statements if item.name == "k8s-version"]
    assert statement.written_s is None


def test_notes_are_bounded(root: Path) -> None:
    for number in range(500):
        put(root, f"{CACHE}/flanneld/nodes.v1.core/n{number}").write_text("{")
    warnings = discovered(root).warnings
    assert (len(warnings), warnings[-1]) == (65, "436 more of this are left out")
