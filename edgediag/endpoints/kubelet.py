"""The kubelet of this node, which the cloud reads logs, metrics and state from."""

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource
from edgediag.model.flow import Protocol

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="kubelet",
        purpose="kubelet: logs, exec and metrics",
        direction=Direction.INBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.THIS_NODE,
        host_pattern="this node",
        ports=(10250,),
        # Nothing listens before the node has joined.
        phases=(Phase.RUN,),
        generation=Generation.ANY,
        is_required=True,
        kinds=(),
        note="arrives from the gateway node inside the host CIDR block, not from a cloud address",
        source=document.INBOUND,
    ),
    Endpoint(
        id="kubelet",
        purpose="kubelet: read-only port",
        direction=Direction.INBOUND,
        protocol=Protocol.TCP,
        host_source=HostSource.THIS_NODE,
        host_pattern="this node",
        ports=(10255,),
        phases=(Phase.RUN,),
        generation=Generation.ANY,
        is_required=False,
        kinds=(),
        note="arrives from the gateway node inside the host CIDR block; often switched off",
        source=document.INBOUND,
    ),
)
