"""The kubelet's own configuration: its ports and the cluster's name server."""

from collections.abc import Iterator

from edgediag.discovery.document import number_at, text_at, texts_at
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, said_by_documents

PATH = "/var/lib/kubelet/config.yaml"
_PORTS = (("port", "kubelet-port"), ("readOnlyPort", "kubelet-read-only-port"))


def said_by_kubelet_config(reader: Reader) -> Iterator[Said]:
    """What a KubeletConfiguration states.

    source  kubelet.config.k8s.io/v1beta1: port, readOnlyPort (0 is off), clusterDNS
    """
    yield from said_by_documents(reader, PATH, _said_by_configuration)


def _said_by_configuration(file: SourceFile, document: object) -> Iterator[Said]:
    if text_at(document, "kind") != "KubeletConfiguration":
        return
    for key, name in _PORTS:
        port = number_at(document, key)
        if port is not None:
            yield file.states(name, str(port), key)
    for address in texts_at(document, "clusterDNS"):
        yield file.states("cluster-dns", address, "clusterDNS")
