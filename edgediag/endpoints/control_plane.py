"""The Container Service control plane, by its global and its regional name."""

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

_HOSTS = (
    ("cs-anony", "Container Service control plane", "cs-anony.aliyuncs.com"),
    ("cs-anony-region", "Container Service, regional", "cs-anony.{region}.aliyuncs.com"),
)
_PORTS = (
    (443, Generation.SINCE_1_26, (ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO)),
    (80, Generation.BEFORE_1_26, (ProbeKind.TCP_SYN, ProbeKind.TCP_CONNECT)),
)

ENDPOINTS: tuple[Endpoint, ...] = tuple(
    Endpoint(
        id=id_,
        purpose=purpose,
        direction=Direction.OUTBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.NAME,
        host_pattern=host_pattern,
        ports=(port,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=generation,
        is_required=True,
        kinds=kinds,
        note="",
        source=document.OUTBOUND,
    )
    for id_, purpose, host_pattern in _HOSTS
    for port, generation, kinds in _PORTS
)
