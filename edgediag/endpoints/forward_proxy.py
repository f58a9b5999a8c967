"""Which rows this node reaches through a forward proxy, and how they are checked then.

The flow that the node's own program opens is the one to the proxy: that is checked, and the proxy
is asked for the host that is meant. What becomes of packets straight to that host matters to none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Final

from edgediag.discovery.host import format_host_port, parse_address, parse_host_port
from edgediag.model.cluster import Client, ForwardProxy, HostPort
from edgediag.model.endpoint import ProbeKind, Target

TOKEN_SERVICE: Final = "registry-token"
"""The endpoint of a host that a registry sends its clients to for a token."""

BLOB_HOST: Final = "registry-blob"
"""The endpoint of the host that a registry sends its clients to for what images are made of."""

_RUNTIMES = (Client.CONTAINERD, Client.DOCKER)
CLIENTS: Mapping[str, tuple[Client, ...]] = {
    "dockerauth": _RUNTIMES,
    "dockerauth-ee": _RUNTIMES,
    "registry": _RUNTIMES,
    TOKEN_SERVICE: _RUNTIMES,
    BLOB_HOST: _RUNTIMES,
}
"""Which programs reach a row's hosts, by endpoint id."""


def through_proxy(target: Target, proxies: Sequence[ForwardProxy]) -> Target:
    """The check as the program makes it that reaches the host: through its proxy if it has one."""
    clients = CLIENTS.get(target.endpoint, ())
    meant = HostPort(host=target.host, port=target.port)
    proxy = next((each for each in proxies if each.client in clients), None)
    if proxy is None or is_direct(meant, proxy.direct):
        return target
    return replace(
        target,
        purpose=f"{target.purpose}, through {proxy.client.value}'s forward proxy",
        host=proxy.place.host,
        address=parse_address(proxy.place.host),
        port=proxy.place.port,
        kinds=_kinds(proxy),
        query=format_host_port(meant),
    )


def place_meant(target: Target) -> HostPort:
    """The host and port that the row is about, whatever stands between."""
    own = HostPort(host=target.host.lower(), port=target.port)
    if target.endpoint not in CLIENTS or not isinstance(target.query, str):
        return own
    return parse_host_port(target.query, target.port) or own


def is_direct(meant: HostPort, direct: tuple[str, ...]) -> bool:
    """True if a host and port are reached without the proxy.

    source  golang.org/x/net/http/httpproxy (useProxy, config.init): "*", addresses, networks,
            ".name" for what is below a name, "name" for itself too, each but networks with a port
    """
    address = parse_address(meant.host)
    if meant.host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(meant, word) for word in direct)


def _matches(meant: HostPort, word: str) -> bool:
    if word == "*":
        return True
    address = parse_address(meant.host)
    try:
        network = ip_network(word, strict=False)
    except ValueError:
        pass
    else:
        return address is not None and address in network
    name, _, port = word.removeprefix("*").partition(":")
    if port and port != str(meant.port):
        return False
    if name.startswith("."):
        return meant.host.endswith(name)
    return meant.host == name or meant.host.endswith(f".{name}")


def _kinds(proxy: ForwardProxy) -> tuple[ProbeKind, ...]:
    question = ProbeKind.HTTP_CONNECT if proxy.is_plain else ProbeKind.TCP_CONNECT
    return (ProbeKind.TCP_SYN, question)
