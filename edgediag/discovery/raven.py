"""What the Gateway objects make of this node: Raven's modes, its role, whom it dials, its peers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgediag.discovery.host import format_host_port
from edgediag.discovery.node import NO_GATEWAY
from edgediag.model.answer import Answer
from edgediag.model.cluster import HostPort
from edgediag.model.gateway import ActiveEndpoint, Gateway, RavenMode, Role
from edgediag.model.statement import Gap, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """This node, as far as it is known.

    pool_gateway  the Gateway its labels name, NO_GATEWAY for none, "" where they were not seen
    """

    name: str
    pool_gateway: str


def facts_of_gateways(gateways: Sequence[Gateway], node: Node) -> Iterator[Statement | Gap]:
    """What follows from all Gateways for the node.

    source  raven pkg/engine/proxy.go (getRole, getDestAddressForProxyClient), tunnel.go
            (enableTunnel), engine.go (the local gateway is the one whose status lists the node)
    """
    own = _own(gateways, node.name)
    for mode in RavenMode:
        yield from _mode(gateways, own, mode)
        if gateways and node.name:
            yield from _role(own, gateways, mode, node)
        yield from _dialled(gateways, own, mode)
    if own is not None:
        for number, other in enumerate(own.nodes):
            if other.name != node.name and other.private_ip is not None:
                where = f"{own.name} status.nodes[{number}]"
                yield _states(own, "peer", str(other.private_ip), where)


def _own(gateways: Sequence[Gateway], name: str) -> Gateway | None:
    listing = (item for item in gateways if any(node.name == name for node in item.nodes))
    return next(listing, None) if name else None


def _mode(
    gateways: Sequence[Gateway], own: Gateway | None, mode: RavenMode
) -> Iterator[Statement | Gap]:
    """Whether a mode is on, as far as the exposed gateways tell.

    Candidates are elected where they are ready and the mode is on (openyurt pkg/yurtmanager/
    controller/raven/gatewaypickup, electActiveEndpoint). So a candidate that was elected for the
    other mode only is ready, and this mode is off; one elected for neither says nothing.
    """
    name = f"{mode.value}-mode"
    if own is not None and dict(own.replicas).get(mode) == 0:
        yield _states(own, name, "no", f"{own.name} spec.{mode.value}Config.Replicas")
        return
    exposed = [item for item in gateways if item.is_exposed and item.endpoints]
    for gateway in exposed:
        where = f"{gateway.name} status.activeEndpoints"
        if any(_is_on(endpoint, mode) for endpoint in gateway.endpoints):
            yield _states(gateway, name, "yes", where)
            return
    if exposed and all(_is_ruled_out(gateway, mode) for gateway in exposed):
        yield _states(exposed[0], name, "no", f"{exposed[0].name} status.activeEndpoints")
    elif exposed:
        reason = f"{exposed[0].path}: whether {mode.value} mode is on is not known: no candidate of"
        yield Gap(reason=f"{reason} {exposed[0].name} is known to be ready", is_missing=False)


def _is_ruled_out(gateway: Gateway, mode: RavenMode) -> bool:
    candidates = {node for kind, node in gateway.candidates if kind is mode}
    ready = {endpoint.node for endpoint in gateway.endpoints}
    return not candidates or bool(candidates & ready)


def _is_on(endpoint: ActiveEndpoint, mode: RavenMode) -> bool:
    return endpoint.mode is mode and endpoint.is_enabled is not Answer.NO


def _role(
    own: Gateway | None, gateways: Sequence[Gateway], mode: RavenMode, node: Node
) -> Iterator[Statement | Gap]:
    name = f"{mode.value}-role"
    if own is None:
        yield from _solo(gateways[0], name, node)
        return
    elected = [endpoint.node for endpoint in own.endpoints if endpoint.mode is mode]
    if len(own.nodes) == 1:
        yield _states(own, name, Role.SINGLE_NODE.value, f"{own.name} status.nodes")
    elif elected:
        role = Role.GATEWAY if node.name in elected else Role.MEMBER
        yield _states(own, name, role.value, f"{own.name} status.activeEndpoints")
    elif not own.endpoints:
        reason = (
            f"{own.path}: {own.name} has no active endpoint: the cloud took none of its nodes for"
            " ready, so whether this node is its gateway is not known"
        )
        yield Gap(reason=reason, is_missing=False)
    # Else the other mode has its gateway: this one is off, or its election is still to come.


def _solo(gateway: Gateway, name: str, node: Node) -> Iterator[Statement | Gap]:
    """A node that no Gateway lists is solo, if its labels say so too: one may be missing here."""
    if node.pool_gateway == NO_GATEWAY:
        where = f"no Gateway lists {node.name}, and its labels name none"
        yield _states(gateway, name, Role.SOLO.value, where)
        return
    reason = (
        f"{gateway.path}: no Gateway lists {node.name}, but its labels name"
        f" {node.pool_gateway or 'one or none, which is not known'}: its role is not known"
    )
    yield Gap(reason=reason, is_missing=False)


def _dialled(
    gateways: Sequence[Gateway], own: Gateway | None, mode: RavenMode
) -> Iterator[Statement | Gap]:
    for gateway in gateways:
        if not gateway.is_exposed or gateway is own:
            continue
        for number, endpoint in enumerate(gateway.endpoints):
            if not _is_on(endpoint, mode):
                continue
            where = f"{gateway.name} status.activeEndpoints[{number}]"
            if endpoint.public_ip:
                yield _states(gateway, f"raven-{mode.value}", _place(endpoint), where)
            else:
                reason = f"{gateway.path}: {where} has no public address yet"
                yield Gap(reason=reason, is_missing=False)


def _place(endpoint: ActiveEndpoint) -> str:
    return format_host_port(HostPort(host=endpoint.public_ip, port=endpoint.port))


def _states(gateway: Gateway, name: str, value: str, where: str) -> Statement:
    return Statement(
        name=name,
        node="",
        value=value,
        path=gateway.path,
        where=where,
        written_s=gateway.written_s,
    )
