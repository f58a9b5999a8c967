"""The time servers that the installation sets the clock by."""

from collections.abc import Callable, Mapping

from edgediag.endpoints import document
from edgediag.model.answer import Answer
from edgediag.model.cluster import ClusterFacts, Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol


def _endpoint(id_: str, purpose: str, host: str) -> Endpoint:
    return Endpoint(
        id=id_,
        purpose=purpose,
        direction=Direction.OUTBOUND,
        protocol=Protocol.UDP,
        host_source=HostSource.NAME,
        host_pattern=host,
        ports=(123,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.ANY,
        is_required=True,
        kinds=(ProbeKind.NTP,),
        note="not needed where the node was registered with selfHostNtpServer: true",
        source=document.OUTBOUND,
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _endpoint("ntp-aliyun", "time (Alibaba Cloud NTP)", "ntp1.aliyun.com"),
    _endpoint("ntp-cn-pool", "time (China NTP)", "cn.ntp.org.cn"),
)


def is_used(facts: ClusterFacts) -> bool:
    """Whether the node may depend on these servers: nobody said that it has its own."""
    return facts.self_hosted_ntp is not Answer.YES


APPLIES: Mapping[str, Callable[[ClusterFacts], bool]] = {
    "ntp-aliyun": is_used,
    "ntp-cn-pool": is_used,
}
