"""The node's own name servers: no row of the table, but every named row hangs on them."""

from edgediag.model.cluster import Phase
from edgediag.model.endpoint import Direction, Endpoint, Generation, HostSource, ProbeKind
from edgediag.model.flow import Protocol

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        id="resolver",
        purpose="name resolution",
        direction=Direction.OUTBOUND,
        protocol=Protocol.UDP,
        host_source=HostSource.RESOLVER,
        host_pattern="the node's own name servers",
        ports=(53,),
        phases=(Phase.INSTALL, Phase.RUN),
        generation=Generation.ANY,
        is_required=True,
        kinds=(ProbeKind.DNS,),
        note="not a row of the table; every row with a name hangs on it",
        source="resolv.conf(5); RFC 1035 §4.2.1",
    ),
)
