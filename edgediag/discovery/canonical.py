"""One spelling for each value of a fact, whoever states it, and none for what is no such value."""

import re
from collections.abc import Callable, Mapping

from edgediag.discovery.gateway import parse_network
from edgediag.discovery.host import format_host_port, parse_address, parse_host, parse_host_port
from edgediag.discovery.images import POD_INFRA_IMAGE, SANDBOX_IMAGE, canonical_image
from edgediag.discovery.lease import parse_time
from edgediag.discovery.mirrors import EVERY_REGISTRY, IMAGE_MIRROR
from edgediag.discovery.region import parse_region
from edgediag.discovery.stated import API_SERVER_PORT
from edgediag.discovery.version import parse_version
from edgediag.model.gateway import Role

_DRIVERS = frozenset(("libreswan", "wireguard"))
_HUBS = frozenset(("yurthub", "edge-hub", "cloud-hub"))
_ROLES = frozenset(role.value for role in Role)
# RFC 1123 subdomain, as Kubernetes demands of the name of a node.
_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


def _host_port(text: str) -> str | None:
    place = parse_host_port(text, API_SERVER_PORT)
    return None if place is None else format_host_port(place)


def _endpoint(text: str) -> str | None:
    """HOST as an operator states it, or HOST:PORT as an object does."""
    host = parse_host(text)
    if host is not None:
        return host
    place = parse_host_port(text, 0)
    return None if place is None or not place.port else format_host_port(place)


def _host(text: str) -> str | None:
    """The host; a port is dropped, because the rows that use it have their own."""
    place = parse_host_port(text, 1)
    return None if place is None else place.host


def _address(text: str) -> str | None:
    address = parse_address(text)
    return None if address is None else str(address)


def _network(text: str) -> str | None:
    network = parse_network(text)
    return None if network is None else str(network)


def _vtep(text: str) -> str | None:
    address, _, mac = text.partition(" ")
    return text if _address(address) and _MAC.fullmatch(mac) else None


def _version(text: str) -> str | None:
    version = parse_version(text)
    return None if version is None else version.text


def _time(text: str) -> str | None:
    return None if parse_time(text) is None else text


def _number(text: str) -> str | None:
    return text if re.fullmatch(r"[0-9]{1,5}", text) and int(text) <= 65535 else None


def _one_of(words: frozenset[str]) -> Callable[[str], str | None]:
    return lambda text: text.lower() if text.lower() in words else None


def _node_name(text: str) -> str | None:
    return text if _NODE_NAME.fullmatch(text) else None


_yes_no = _one_of(frozenset(("yes", "no")))
CANONICAL: Mapping[str, Callable[[str], str | None]] = {
    "api-last-reached": _time,
    "api-server": _host_port,
    "cluster-cidr": _network,
    "cluster-dns": _address,
    "flannel-port": _number,
    "hub": _one_of(_HUBS),
    "hub-address": _host_port,
    IMAGE_MIRROR: lambda text: text if text == EVERY_REGISTRY else parse_host(text),
    "k8s-version": _version,
    "kubelet-port": _number,
    "kubelet-read-only-port": _number,
    "kubelet-version": _version,
    "gateway": lambda text: text,
    "node-address": _address,
    "node-name": _node_name,
    "ntp-server": parse_host,
    "peer": _address,
    "pool-gateway": _node_name,
    "pod-cidr": _network,
    POD_INFRA_IMAGE: canonical_image,
    "proxy-mode": _yes_no,
    "proxy-role": _one_of(_ROLES),
    "raven-proxy": _endpoint,
    "raven-tunnel": _endpoint,
    "region": parse_region,
    SANDBOX_IMAGE: canonical_image,
    "self-hosted-ntp": _yes_no,
    "tunnel-mode": _yes_no,
    "tunnel-role": _one_of(_ROLES),
    "tunnel-server": _host,
    "vpn-driver": _one_of(_DRIVERS),
    "vtep": _vtep,
}
"""By name, and these are all names there are: the spelling, or None."""
