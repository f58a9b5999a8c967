"""Node objects: region, version, pod networks and flannel's tunnel ends."""

from collections.abc import Iterator
from dataclasses import replace

from edgediag.discovery.document import at, items_at, parse_json, text_at, texts_at
from edgediag.discovery.source_file import Said, SourceFile
from edgediag.model.answer import NotChecked

_REGION_LABELS = (
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
)
# Set by yurt-manager on each node of a pool: openyurt pkg/apis/raven, LabelCurrentGateway.
_GATEWAY_LABEL = "raven.openyurt.io/gateway"
NO_GATEWAY = "none"
"""The value of "pool-gateway" for a node that carries no such label."""

_FLANNEL = "flannel.alpha.coreos.com/"


def said_by_node(file: SourceFile, document: object) -> Iterator[Said]:
    """What a node says of the cluster, and of itself under its name.

    source  kubernetes.io "Well-Known Labels"; flannel pkg/subnet/kube/annotations.go
    """
    name = text_at(document, "metadata", "name")
    networks = texts_at(document, "spec", "podCIDRs") or (text_at(document, "spec", "podCIDR"),)
    of_the_node = (
        *(("pod-cidr", network, "spec.podCIDR") for network in networks if network),
        *_labels(document),
        *_addresses(document),
        *_tunnel_ends(document),
    )
    for fact, value, where in of_the_node:
        yield replace(file.states(fact, value, where), node=name)


def _labels(document: object) -> Iterator[tuple[str, str, str]]:
    for label in _REGION_LABELS:
        region = text_at(document, "metadata", "labels", label)
        if region:
            yield "region", region, f"metadata.labels {label}"
    gateway = text_at(document, "metadata", "labels", _GATEWAY_LABEL)
    yield "pool-gateway", gateway or NO_GATEWAY, f"metadata.labels {_GATEWAY_LABEL}"
    version = text_at(document, "status", "nodeInfo", "kubeletVersion")
    if version:
        yield "kubelet-version", version, "status.nodeInfo.kubeletVersion"


def _addresses(document: object) -> Iterator[tuple[str, str, str]]:
    for address in items_at(document, "status", "addresses"):
        if text_at(address, "type") == "InternalIP":
            yield "node-address", text_at(address, "address"), "status.addresses InternalIP"


def _tunnel_ends(document: object) -> Iterator[tuple[str, str, str]]:
    annotations = at(document, "metadata", "annotations")
    address = text_at(annotations, f"{_FLANNEL}public-ip")
    parsed = parse_json(text_at(annotations, f"{_FLANNEL}backend-data"))
    data = None if isinstance(parsed, NotChecked) else parsed[0]
    mac = text_at(data, "VtepMAC")
    if address and mac:
        yield "vtep", f"{address} {mac.lower()}", f"metadata.annotations {_FLANNEL}backend-data"
