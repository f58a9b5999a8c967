"""Kubeconfigs: the API server in them, and nothing of their tokens and keys."""

from collections.abc import Iterator

from edgediag.discovery.document import items_at, text_at
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, said_by_documents
from edgediag.discovery.urls import inner_host_port, outer_host_port

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


def _said_by_kubeconfig(file: SourceFile, document: object) -> Iterator[Said]:
    for number, cluster in enumerate(items_at(document, "clusters")):
        server = text_at(cluster, "cluster", "server")
        where = f"clusters[{number}].cluster.server"
        place, hub = outer_host_port(server), inner_host_port(server)
        if place is not None:
            yield file.states("api-server", place, where)
        if hub is not None and file.path in KUBELET_PATHS:
            yield file.states("hub-address", hub, where)
