"""Rows that only a cluster of Alibaba Cloud has."""

from collections.abc import Callable, Mapping

from edgediag.model.answer import Answer
from edgediag.model.cluster import ClusterFacts, Distribution

_SERVICES = ("oss", "cs-anony", "cs-anony-region", "dockerauth", "dockerauth-ee", "registry")
_TIME_SERVERS = ("ntp-aliyun", "ntp-cn-pool")
_REASON = "not needed: the cluster is OpenYurt by itself, not ACK Edge"


def why_no_service(facts: ClusterFacts) -> str:
    """Why this node needs no service of Alibaba Cloud, "" where it may: a region says that."""
    is_plain = facts.distribution is Distribution.OPENYURT and facts.region is None
    return _REASON if is_plain else ""


def why_no_time_server(facts: ClusterFacts) -> str:
    """Why nobody set this node's clock by ACK's servers, "" where somebody may have."""
    return "" if facts.self_hosted_ntp is Answer.NO else why_no_service(facts)


NOT_NEEDED: Mapping[str, Callable[[ClusterFacts], str]] = {
    **dict.fromkeys(_SERVICES, why_no_service),
    **dict.fromkeys(_TIME_SERVERS, why_no_time_server),
}
