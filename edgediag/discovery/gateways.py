"""All Gateway objects that were found: one of each name, and each as a fact."""

from collections.abc import Iterable, Iterator

from edgediag.discovery.host import format_host_port
from edgediag.model.cluster import HostPort
from edgediag.model.gateway import ActiveEndpoint, Gateway
from edgediag.model.statement import Statement


def newest(gateways: Iterable[Gateway]) -> tuple[Gateway, ...]:
    """One Gateway of each name, the one written last, in the order of their names."""
    found: dict[str, Gateway] = {}
    for gateway in gateways:
        other = found.get(gateway.name)
        if other is None or (other.written_s or 0) < (gateway.written_s or 0):
            found[gateway.name] = gateway
    return tuple(found[name] for name in sorted(found))


def facts_of(gateways: Iterable[Gateway]) -> Iterator[Statement]:
    """Each Gateway as a fact: whether others dial it, its nodes, its active endpoints."""
    for gateway in gateways:
        active = ", ".join(map(_endpoint, gateway.endpoints)) or "no active endpoint"
        kind = "exposed" if gateway.is_exposed else "not exposed"
        yield Statement(
            name="gateway",
            node=gateway.name,
            value=f"{kind}, {len(gateway.nodes)} node(s), {active}",
            path=gateway.path,
            where="spec.exposeType, status",
            written_s=gateway.written_s,
        )


def _endpoint(endpoint: ActiveEndpoint) -> str:
    place = HostPort(host=endpoint.public_ip or "no-address", port=endpoint.port)
    return f"{endpoint.mode.value} on {endpoint.node} at {format_host_port(place)}"
