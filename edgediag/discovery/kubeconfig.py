"""Kubeconfigs: the API server in them, and nothing of their tokens and keys."""

import posixpath
from collections.abc import Iterator

from edgediag.discovery.document import items_at, parse_documents, text_at
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, said_by_documents
from edgediag.discovery.urls import inner_host_port, outer_host_port
from edgediag.model.answer import NotChecked

KUBELET_PATHS = ("/var/lib/openyurt/kubelet.conf", "/etc/kubernetes/kubelet.conf")
PATHS = (
    "/var/lib/edge-hub/edge-hub.conf",
    "/var/lib/edge-hub/bootstrap-hub.conf",
    "/etc/kubernetes/edge-hub/edge-hub.conf",
    "/etc/kubernetes/edge-hub/bootstrap-hub.conf",
    "/var/lib/yurthub/yurthub.conf",
    "/var/lib/yurthub/bootstrap-hub.conf",
    *KUBELET_PATHS,
    "/etc/kubernetes/bootstrap-kubelet.conf",
)
"""Those of the hub first: only the hub talks to the cloud itself."""


def said_by_kubeconfigs(reader: Reader) -> Iterator[Said]:
    """The API servers that kubeconfigs lead to, and the hub that the kubelet's leads to.

    source  openyurt pkg/yurthub/certificate/token/token.go (yurthub.conf, bootstrap-hub.conf),
            pkg/yurtadm/constants/constants.go; the Alibaba release notes of edge-hub for its own
    """
    for path in PATHS:
        yield from said_by_documents(reader, path, _said_by_kubeconfig)


def client_certificate(reader: Reader, path: str) -> str:
    """The file of the certificate that a kubeconfig shows an outer API server, "" for none."""
    text = reader.read_text(path)
    documents = text if isinstance(text, NotChecked) else parse_documents(text)
    if isinstance(documents, NotChecked) or not documents:
        return ""
    context = entry_of(documents[0], "contexts", text_at(documents[0], "current-context"))
    cluster = entry_of(documents[0], "clusters", text_at(context, "context", "cluster"))
    user = entry_of(documents[0], "users", text_at(context, "context", "user"))
    name = text_at(user, "user", "client-certificate")
    if not name or outer_host_port(text_at(cluster, "cluster", "server")) is None:
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def entry_of(document: object, listed: str, name: str) -> object:
    """The entry of this name in one of the three lists of a kubeconfig, None for none."""
    items = (item for item in items_at(document, listed) if text_at(item, "name") == name)
    return next(items, None)


def _said_by_kubeconfig(file: SourceFile, document: object) -> Iterator[Said]:
    for number, cluster in enumerate(items_at(document, "clusters")):
        server = text_at(cluster, "cluster", "server")
        where = f"clusters[{number}].cluster.server"
        place, hub = outer_host_port(server), inner_host_port(server)
        if place is not None:
            yield file.states("api-server", place, where)
        if hub is not None and file.path in KUBELET_PATHS:
            yield file.states("hub-address", hub, where)
