"""Raven's Gateway objects, v1alpha1 and v1beta1."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

from edgediag.discovery.document import at, items_at, number_at, text_at, texts_at
from edgediag.discovery.host import parse_address
from edgediag.discovery.source_file import Said, SourceFile
from edgediag.model.answer import Answer
from edgediag.model.gateway import ActiveEndpoint, Gateway, GatewayNode, Network, RavenMode
from edgediag.model.statement import Gap

# openyurt pkg/apis/raven/v1beta1/gateway_types.go: DefaultProxyServerExposedPort and its twin.
_DEFAULT_PORTS = {RavenMode.PROXY: 10262, RavenMode.TUNNEL: 4500}
_SWITCHES = {RavenMode.PROXY: "enable-l7-proxy", RavenMode.TUNNEL: "enable-l3-tunnel"}
_CONFIGS = {RavenMode.PROXY: "proxyConfig", RavenMode.TUNNEL: "tunnelConfig"}
_ANSWERS = {"true": Answer.YES, "false": Answer.NO}
# 32 octets in base64.
_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
_MODES = {mode.value: mode for mode in RavenMode}


def said_by_gateway(file: SourceFile, document: object) -> Iterator[Said]:
    """A Gateway object, or the gap that one without a name leaves.

    source  openyurt pkg/apis/raven/v1beta1/gateway_types.go (`Replicas` has a capital),
            v1alpha1/gateway_types.go (one activeEndpoint without a type: it knew tunnels only)
    """
    name = text_at(document, "metadata", "name")
    if not name:
        yield Gap(reason=f"cannot use {file.path}: a Gateway without a name", is_missing=False)
        return
    yield Gateway(
        name=name,
        is_exposed=_is_exposed(document),
        replicas=tuple(
            (mode, number)
            for mode, key in _CONFIGS.items()
            if (number := number_at(document, "spec", key, "Replicas")) is not None
        ),
        candidates=tuple(
            (mode, text_at(endpoint, "nodeName"))
            for endpoint in items_at(document, "spec", "endpoints")
            if (mode := _MODES.get(text_at(endpoint, "type"))) is not None
        ),
        endpoints=tuple(_endpoints(document)),
        nodes=tuple(_nodes(document)),
        path=file.path,
        written_s=file.written_s,
    )


def parse_network(text: str) -> Network | None:
    """The network a CIDR stands for, host bits dropped, or None."""
    address, separator, length = text.partition("/")
    if parse_address(address) is None or not separator or not length.isascii():
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_exposed(document: object) -> bool:
    if text_at(document, "spec", "exposeType"):
        return True
    # Of v1alpha1, where there was no such field, the gateway in the cloud is not behind a NAT.
    endpoint = at(document, "status", "activeEndpoint")
    return at(endpoint, "underNAT") is False


def _endpoints(document: object) -> Iterator[ActiveEndpoint]:
    single = at(document, "status", "activeEndpoint")
    if isinstance(single, dict):
        yield _endpoint(single, RavenMode.TUNNEL)
    for endpoint in items_at(document, "status", "activeEndpoints"):
        mode = _MODES.get(text_at(endpoint, "type"))
        if mode is not None:
            yield _endpoint(endpoint, mode)


def _endpoint(endpoint: object, mode: RavenMode) -> ActiveEndpoint:
    address = parse_address(text_at(endpoint, "publicIP"))
    port = number_at(endpoint, "port")
    switch = text_at(endpoint, "config", _SWITCHES[mode]).lower()
    return ActiveEndpoint(
        node=text_at(endpoint, "nodeName"),
        mode=mode,
        public_ip="" if address is None else str(address),
        port=port if port and port <= 65535 else _DEFAULT_PORTS[mode],
        is_enabled=_ANSWERS.get(switch, Answer.NOT_CHECKED),
        public_key=_public_key(text_at(endpoint, "config", "publicKey")),
    )


def _public_key(text: str) -> str:
    """A key as wg(8) writes it, "" for anything else."""
    return text if _KEY.fullmatch(text) else ""


def _nodes(document: object) -> Iterator[GatewayNode]:
    for node in items_at(document, "status", "nodes"):
        networks = (parse_network(text) for text in texts_at(node, "subnets"))
        yield GatewayNode(
            name=text_at(node, "nodeName"),
            private_ip=parse_address(text_at(node, "privateIP")),
            subnets=tuple(network for network in networks if network is not None),
        )
