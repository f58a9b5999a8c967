"""Where Gateway objects say that the tunnels of this node end, for its device to match."""

from collections.abc import Collection, Iterable

from edgediag.discovery.host import parse_address
from edgediag.model.gateway import Gateway, RavenMode
from edgediag.model.raven_set import GatewayPool
from edgediag.model.wireguard import GatewayEnd


def gateway_pools(gateways: Iterable[Gateway]) -> tuple[GatewayPool, ...]:
    """The pool of each Gateway, in the order found."""
    return tuple(
        GatewayPool(
            gateway=gateway.name,
            nodes=tuple(node.private_ip for node in gateway.nodes if node.private_ip is not None),
            networks=_networks(gateway),
            source=gateway.path,
        )
        for gateway in gateways
    )


def gateway_ends(gateways: Iterable[Gateway], dialled: Collection[str]) -> tuple[GatewayEnd, ...]:
    """The end of each Gateway that this node dials, in the order found.

    dialled  hosts as the facts have them: a node does not dial its own pool's
    source   openyurtio/raven pkg/networkengine/vpndriver/wireguard/wireguard.go (config.publicKey)
    """
    return tuple(
        GatewayEnd(
            gateway=gateway.name,
            address=address,
            port=endpoint.port,
            public_key=endpoint.public_key,
            networks=_networks(gateway),
            source=gateway.path,
        )
        for gateway in gateways
        if gateway.is_exposed
        for endpoint in gateway.endpoints
        if endpoint.mode is RavenMode.TUNNEL and endpoint.public_ip in dialled
        if (address := parse_address(endpoint.public_ip)) is not None
    )


def _networks(gateway: Gateway) -> tuple[str, ...]:
    return tuple(str(network) for node in gateway.nodes for network in node.subnets)
