"""The endpoint matrix as data: every row of the table, and where a row has a rule of its own.

A new row is one file here and one line in each tuple or mapping below that it takes part in.
"""

from collections.abc import Callable, Mapping

from edgediag.endpoints import (
    alibaba,
    api_server,
    component_images,
    control_plane,
    flannel_vxlan,
    kubelet,
    node_exporter,
    ntp,
    oss,
    raven_gateway,
    resolver,
    system_tools,
    tunnel_server,
)
from edgediag.model.cluster import ClusterFacts
from edgediag.model.endpoint import Endpoint, ProbeKind

ENDPOINTS: tuple[Endpoint, ...] = (
    *kubelet.ENDPOINTS,
    *node_exporter.ENDPOINTS,
    *flannel_vxlan.ENDPOINTS,
    *oss.ENDPOINTS,
    *system_tools.ENDPOINTS,
    *control_plane.ENDPOINTS,
    *api_server.ENDPOINTS,
    *raven_gateway.ENDPOINTS,
    *tunnel_server.ENDPOINTS,
    *component_images.ENDPOINTS,
    *ntp.ENDPOINTS,
    *resolver.ENDPOINTS,
)
"""Every row, in the order of the table; two values may share an id where their ports differ."""

APPLIES: Mapping[str, Callable[[ClusterFacts], bool]] = {
    **raven_gateway.APPLIES,
    **ntp.APPLIES,
}
"""By endpoint id: whether the row may apply, beyond its phases and its generation."""

NOT_NEEDED: Mapping[str, Callable[[ClusterFacts], str]] = {
    **alibaba.NOT_NEEDED,
    **raven_gateway.NOT_NEEDED,
}
"""By endpoint id: why the cluster's mode or this node's role does without the row, "" if not."""

NOT_ASKED: Mapping[str, Callable[[ClusterFacts], str]] = {
    **raven_gateway.NOT_ASKED,
}
"""By endpoint id: why a row that is needed cannot be checked from here, "" where it can."""

PATTERNS_BY_REGION: Mapping[tuple[str, str], str] = {
    **component_images.PATTERNS_BY_REGION,
}
"""By endpoint id and region: the host pattern that holds there instead."""

KINDS_BY_PORT: Mapping[tuple[str, int], tuple[ProbeKind, ...]] = {
    **system_tools.KINDS_BY_PORT,
}
"""By endpoint id and port: the probes that check it there instead."""
