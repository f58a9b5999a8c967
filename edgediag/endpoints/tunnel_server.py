"""The tunnel server in the cloud, which Raven replaced in Kubernetes 1.26."""

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="tunnel-server",
        purpose="tunnel server (edge-tunnel agent)",
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.TUNNEL_SERVER,
        host_pattern="Service kube-system/x-tunnel-server-svc",
        ports=(10262,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.BEFORE_1_26,
        is_required=True,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
        note="clusters before 1.26 only",
        source=document.OUTBOUND,
    ),
    Endpoint(
        id="tunnel-server",
        purpose="tunnel server (master side)",
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.TUNNEL_SERVER,
        host_pattern="Service kube-system/x-tunnel-server-svc",
        ports=(10263,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.BEFORE_1_26,
        # OpenYurt's agent dials the port named "tcp", 10262, and no other
        # (openyurt pkg/yurttunnel/server/serveraddr/addr.go).
        is_required=False,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
        note="clusters before 1.26 only; the table lists it, the edge agent does not dial it",
        source=document.OUTBOUND,
    ),
)
