"""What the Gateway objects make of this node: Raven's modes, its role, whom it dials, its peers."""

from collections.abc import Iterator, Sequence

from edgediag.discovery.host import format_host_port
from edgediag.model.answer import Answer
from edgediag.model.cluster import HostPort
from edgediag.model.gateway import ActiveEndpoint, Gateway, RavenMode, Role
from edgediag.model.statement import Gap, Statement


def facts_of_gateways(
    gateways: Sequence[Gateway], node_name: str | None
) -> Iterator[Statement | Gap]:
    """What follows from all Gateways for the node of that name.

    source  raven pkg/engine/proxy.go (getRole, getDestAddressForProxyClient), tunnel.go
            (enableTunnel), engine.go (the local gateway is the one whose status lists the node)
    """
    own = _own(gateways, node_name)
    for mode in RavenMode:
        yield from _mode(gateways, own, mode)
        if gateways and node_name is not None:
            yield from _role(own, gateways, mode, node_name)
        yield from _dialled(gateways, own, mode)
    if own is not None:
        for number, node in enumerate(own.nodes):
            if node.name != node_name and node.private_ip is not None:
                where = f"{own.name} status.nodes[{number}]"
                yield _states(own, "peer", str(node.private_ip), where)


def _own(gateways: Sequence[Gateway], node_name: str | None) -> Gateway | None:
    return next(
        (item for item in gateways if any(node.name == node_name for node in item.nodes)), None
    )


def _mode(
    gateways: Sequence[Gateway], own: Gateway | None, mode: RavenMode
) -> Iterator[Statement]:
    """Whether a mode is on, as far as the exposed gateways tell.

    A node that is not ready is never elected, so no active endpoint at all says nothing. Of a
    mode that is off none is elected either, while those of the other mode are:
    openyurt pkg/yurtmanager/controller/raven/gatewaypickup (electActiveEndpoint).
    """
    name = f"{mode.value}-mode"
    if own is not None and dict(own.replicas).get(mode) == 0:
        yield _states(own, name, "no", f"{own.name} spec.{mode.value}Config.Replicas")
        return
    exposed = [item for item in gateways if item.is_exposed and item.endpoints]
    for gateway in exposed:
        if any(_is_on(endpoint, mode) for endpoint in gateway.endpoints):
            yield _states(gateway, name, "yes", f"{gateway.name} status.activeEndpoints")
            return
    if exposed:
        yield _states(exposed[0], name, "no", f"{exposed[0].name} status.activeEndpoints")


def _is_on(endpoint: ActiveEndpoint, mode: RavenMode) -> bool:
    return endpoint.mode is mode and endpoint.is_enabled is not Answer.NO


def _role(
    own: Gateway | None, gateways: Sequence[Gateway], mode: RavenMode, node_name: str
) -> Iterator[Statement | Gap]:
    name = f"{mode.value}-role"
    if own is None:
        where = f"{len(gateways)} Gateways, none lists {node_name}"
        yield _states(gateways[0], name, Role.SOLO.value, where)
        return
    elected = [endpoint.node for endpoint in own.endpoints if endpoint.mode is mode]
    if len(own.nodes) == 1:
        yield _states(own, name, Role.SINGLE_NODE.value, f"{own.name} status.nodes")
    elif elected:
        role = Role.GATEWAY if node_name in elected else Role.MEMBER
        yield _states(own, name, role.value, f"{own.name} status.activeEndpoints")
    elif own.endpoints:
        # The other mode has its gateway: this one is off, or its election is still to come.
        return
    else:
        reason = (
            f"{own.path}: {own.name} has no active endpoint: the cloud took none of its nodes for"
            " ready, so whether this node is its gateway is not known"
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
