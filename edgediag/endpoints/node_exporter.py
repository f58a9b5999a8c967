"""The node exporter of this node, which Prometheus scrapes through Raven."""

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource
from edgediag.model.flow import Protocol

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="node-exporter",
        purpose="node exporter: metrics for Prometheus",
        direction=Direction.INBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.THIS_NODE,
        host_pattern="this node",
        ports=(9100, 9445),
        phases=(Phase.RUN,),
        generation=Generation.ANY,
        is_required=False,
        kinds=(),
        note="arrives from the gateway node inside the host CIDR block; only where it is deployed",
        source=document.INBOUND,
    ),
)
