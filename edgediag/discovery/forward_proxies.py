"""The forward proxies that this node's container runtimes are told to use, by their units.

The environment of running processes is not read: it holds secrets.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from edgediag.discovery.host import format_host_port, parse_host_port
from edgediag.discovery.reader import Reader
from edgediag.discovery.units import read_unit
from edgediag.model.cluster import Client, Fact, ForwardProxy

# As Go's getEnvAny has it: the first that is set.
_PROXY: Final = ("HTTPS_PROXY", "https_proxy")
_DIRECT: Final = ("NO_PROXY", "no_proxy")
_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_MOST_URL: Final = 1024
_MOST_DIRECT: Final = 256
# The user part may hold a password: it is matched to be thrown away.
_URL: Final = re.compile(r"(?:([a-z0-9]+)://)?(?:[^/?#@\s]*@)?([^/?#@\s]+)/?", re.I)


def discover_forward_proxies(reader: Reader) -> tuple[tuple[ForwardProxy, ...], tuple[str, ...]]:
    """The proxy of each runtime that has a unit and names one, and what could not be used.

    source  golang.org/x/net/http/httpproxy (FromEnvironment, parseProxy), which containerd and
            dockerd take their pulls through; docs.docker.com "Daemon proxy configuration"
    """
    found: list[ForwardProxy] = []
    warnings: list[str] = []
    units = {client: read_unit(reader, f"{client.value}.service") for client in Client}
    for client, unit in units.items():
        warnings += [gap.reason for gap in unit.gaps if not gap.is_missing]
        named = _first(unit.environment, _PROXY)
        if named is None:
            continue
        proxy = _forward_proxy(client, named, unit.environment)
        if proxy is None:
            warnings.append(f"{named.path}: the value of {named.variable} leads to no proxy")
        else:
            found.append(proxy)
    clients = {proxy.client for proxy in found}
    if found and any(units[client].is_there for client in Client if client not in clients):
        text = "another runtime has a unit without one; images are checked through the proxy"
        warnings.append(f"{found[0].path} names a forward proxy, {text}")
    return tuple(found), tuple(warnings)


def forward_proxy_facts(proxies: tuple[ForwardProxy, ...]) -> Iterator[Fact]:
    """Each proxy as a fact, without what its URL may hold of secrets."""
    for proxy in proxies:
        value = f"{proxy.client.value} {format_host_port(proxy.place)}"
        yield Fact(name="forward-proxy", value=value, source=proxy.path)


class _Named(NamedTuple):
    variable: str
    value: str
    path: str


def _first(environment: Mapping[str, tuple[str, str]], names: tuple[str, ...]) -> _Named | None:
    named = (_Named(name, *environment[name]) for name in names if name in environment)
    return next((each for each in named if each.value), None)


def _forward_proxy(
    client: Client, named: _Named, environment: Mapping[str, tuple[str, str]]
) -> ForwardProxy | None:
    url = named.value
    shape = _URL.fullmatch(url) if len(url) <= _MOST_URL else None
    scheme = (shape[1] or "http").lower() if shape is not None else ""
    if shape is None or scheme not in _PORTS:
        return None
    place = parse_host_port(shape[2], _PORTS[scheme])
    if place is None:
        return None
    return ForwardProxy(
        client=client,
        place=place,
        is_plain=scheme == "http",
        direct=tuple(_direct(environment)),
        path=named.path,
        where=named.variable,
    )


def _direct(environment: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    named = _first(environment, _DIRECT)
    words = named.value.split(",") if named is not None else []
    yield from [word.strip().lower() for word in words if word.strip()][:_MOST_DIRECT]
