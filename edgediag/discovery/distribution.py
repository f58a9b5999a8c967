"""Whose distribution the cluster is, by its hub and by how its version is spelled."""

from edgediag.discovery.settle import Settled
from edgediag.model.cluster import Distribution

# "v1.26.3-aliyun.1" and "1.22.15-aliyunedge.1": no other distribution spells a version so.
_OF_ALIBABA = "-aliyun"
_YURTHUB = "yurthub"


def distribution_of(settled: Settled) -> Distribution | None:
    """ACK Edge or plain OpenYurt, None where the node does not tell beyond doubt.

    Plain OpenYurt takes three signs together, because rows are left out for it: its hub is called
    yurthub and nothing else, its version is known and not Alibaba's, and no image is ACK's.

    source  openyurt pkg/projectinfo/projectinfo.go (projectPrefix); the Alibaba release notes of
            edge-hub for the other name
    """
    versions = settled.values("k8s-version") or settled.values("kubelet-version")
    if any(_OF_ALIBABA in version for version in versions):
        return Distribution.ACK_EDGE
    others = {conflict.other.value for conflict in settled.conflicts}
    hubs = set(settled.values("hub")) | (others & {"edge-hub", "cloud-hub"})
    if hubs - {_YURTHUB}:
        return Distribution.ACK_EDGE
    is_plain = hubs == {_YURTHUB} and versions and not settled.values("region")
    return Distribution.OPENYURT if is_plain else None
