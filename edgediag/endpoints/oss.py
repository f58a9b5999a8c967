"""The bucket that edgeadm, kubelet, CNI, runtime and edge hub are downloaded from."""

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

_HOST = "aliacs-k8s-{region}.oss-{region}.aliyuncs.com"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="oss",
        purpose="component packages (OSS)",
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.NAME,
        host_pattern=_HOST,
        ports=(443,),
        phases=(Phase.INSTALL,),
        generation=Generation.ANY,
        is_required=True,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
        note="during installation and upgrade only",
        source=document.OUTBOUND_INSTALLATION,
    ),
    Endpoint(
        id="oss",
        purpose="component packages (OSS), plain HTTP",
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.NAME,
        host_pattern=_HOST,
        ports=(80,),
        phases=(Phase.INSTALL,),
        generation=Generation.BEFORE_1_26,
        is_required=True,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TCP_CONNECT),
        note="during installation and upgrade only",
        source=document.OUTBOUND_INSTALLATION,
    ),
)
