"""The VXLAN port of flannel, which carries pod traffic between the nodes of a site."""

from edgediag.endpoints import document
from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource
from edgediag.model.flow import Protocol

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="flannel-vxlan",
        purpose="flannel VXLAN between nodes",
        direction=Direction.INBOUND,
        protocol=Protocol.UDP,
        host_source=HostSource.THIS_NODE,
        host_pattern="this node",
        ports=(8472,),
        phases=(Phase.RUN,),
        generation=Generation.ANY,
        is_required=True,
        kinds=(),
        note="needed whatever mode Raven works in, and in both directions between the nodes",
        source=document.INBOUND,
    ),
)
