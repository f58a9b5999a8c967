"""The cluster's API server, which all interaction with kube-apiserver goes to."""

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="api-server",
        purpose="API server",
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.API_SERVER,
        host_pattern="the cluster's API server",
        # What the table says; a fact that carries another port is believed instead.
        ports=(6443,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.ANY,
        is_required=True,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
        note="console, cluster details, Basic Information",
        source=document.OUTBOUND,
    ),
)
