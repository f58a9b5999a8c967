"""The cache on disk that yurthub and ACK's edge-hub keep of what the node's agents asked for."""

import re
from collections.abc import Iterator

from edgediag.discovery.document import parse_json, text_at
from edgediag.discovery.kube_object import said_by_object
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import (
    Said,
    SourceFile,
    names_in,
    read_source,
    said_by,
    said_by_documents,
)
from edgediag.model.answer import NotChecked
from edgediag.model.statement import Gap

ROOT = "/etc/kubernetes/cache"
MAX_COMPONENTS = 32
MAX_OBJECTS = 512
MAX_CHARACTERS = 32 * 1024 * 1024

# <resource>.<version>.<group> since openyurt v1.1, <resource> alone before; "core" is the core
# group. Secrets are in neither row, and so are never opened.
_RESOURCE = re.compile(r"([a-z]+)(?:\.v[0-9][a-z0-9]*\.[a-z0-9.-]+)?")
_KUBELETS_NODE = re.compile(r"/kubelet/nodes(?:\.[a-z0-9.]+)?/([^/]+)\Z")
_NAMESPACED = {
    "configmaps": ("kube-system", "kube-flannel"),
    "leases": ("kube-node-lease",),
    "pods": ("kube-system",),
    "services": ("kube-system",),
}
_CLUSTER_WIDE = frozenset(("gateways", "nodes"))
_WANTED = {
    "configmaps": re.compile(r"raven-.*|kube-flannel.*"),
    "services": re.compile(r"x-raven-.*|x-tunnel-server-svc.*"),
}


def said_by_cache(reader: Reader, root: str) -> Iterator[Said]:
    """What the cached objects say, component by component in the order of their names.

    source  openyurt pkg/yurthub/storage/disk/key.go (both layouts), storage.go (CacheBaseDir);
            pkg/yurthub/kubernetes/rest and nonresource.go for the file "version"
    """
    yield from said_by_documents(reader, f"{root}/version", _said_by_version)
    components, gaps = names_in(reader, root, MAX_COMPONENTS)
    yield from gaps
    spent = 0
    for component in components:
        for path in _paths(reader, f"{root}/{component}"):
            file = path if isinstance(path, Gap) else read_source(reader, path)
            if isinstance(file, Gap):
                yield file
                continue
            spent += len(file.text)
            if spent > MAX_CHARACTERS:
                reason = f"{root}: only the first {MAX_CHARACTERS} characters are read"
                yield Gap(reason=reason, is_missing=False)
                return
            yield from _said_of_kubelet(file)
            # Thousands of files of YAML would take minutes, and the hub writes JSON only.
            yield from said_by(file, said_by_object, parse_json)


def _said_of_kubelet(file: SourceFile) -> Iterator[Said]:
    """The node's name: of all nodes the kubelet asks for its own only."""
    shape = _KUBELETS_NODE.search(file.path)
    if shape is not None:
        yield file.states("node-name", shape[1], "the file's name")


def _said_by_version(file: SourceFile, document: object) -> Iterator[Said]:
    version = text_at(document, "gitVersion")
    if version:
        yield file.states("k8s-version", version, "gitVersion")


def _paths(reader: Reader, component: str) -> Iterator[str | Gap]:
    resources = reader.list_dir(component)
    if isinstance(resources, NotChecked):
        # Beside the components lie single files: what they are for is not our business.
        return
    for name in resources:
        shape = _RESOURCE.fullmatch(name)
        resource = "" if shape is None else shape[1]
        if resource in _CLUSTER_WIDE:
            yield from _objects(reader, f"{component}/{name}", resource)
        for namespace in _NAMESPACED.get(resource, ()):
            yield from _objects(reader, f"{component}/{name}/{namespace}", resource)


def _objects(reader: Reader, directory: str, resource: str) -> Iterator[str | Gap]:
    names, gaps = names_in(reader, directory, MAX_OBJECTS)
    yield from (gap for gap in gaps if not gap.is_missing)
    wanted = _WANTED.get(resource)
    for name in names:
        # A file is written under a name with this prefix first: storage.go, tmpPrefix.
        if name.startswith("tmp_") or (wanted is not None and not wanted.fullmatch(name)):
            continue
        yield f"{directory}/{name}"
