"""The registry of the system component images, and who signs its tokens."""

from collections.abc import Mapping

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol


def _endpoint(id_: str, purpose: str, host_pattern: str, note: str) -> Endpoint:
    return Endpoint(
        id=id_,
        purpose=purpose,
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.NAME,
        host_pattern=host_pattern,
        ports=(443,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.ANY,
        is_required=True,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
        note=note,
        source=document.OUTBOUND,
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _endpoint(
        "dockerauth",
        "registry tokens",
        "dockerauth.{region}.aliyuncs.com",
        "cn-zhangjiakou: a hyphen, not a dot, before the region",
    ),
    _endpoint(
        "dockerauth-ee",
        "registry tokens (enterprise edition)",
        "dockerauth-ee.{region}.aliyuncs.com",
        "",
    ),
    _endpoint("registry", "system component images", "registry-{region}.ack.aliyuncs.com", ""),
)

PATTERNS_BY_REGION: Mapping[tuple[str, str], str] = {
    ("dockerauth", "cn-zhangjiakou"): "dockerauth-{region}.aliyuncs.com",
}
"""Host patterns that differ in one region, by endpoint id and region."""
