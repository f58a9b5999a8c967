"""The host of a server's URL, without what else a URL may hold."""

import re

from edgediag.discovery.host import format_host_port, parse_address, parse_host_port
from edgediag.model.cluster import HostPort

_PORTS = {"https": 443, "http": 80, "": 6443}
# The user part may hold a password: it is matched to be thrown away.
_URL = re.compile(r"(?:(https?)://)?(?:[^/?#@\s]*@)?([^/?#@\s]+)(?:[/?#].*)?", re.I)


def outer_host_port(url: str) -> str | None:
    """HOST:PORT of an API server's URL; None where it is this node's own hub, or no URL at all.

    On an edge node most kubeconfigs lead to the hub, at 127.0.0.1:10261 or 169.254.2.1:10268:
    openyurt cmd/yurthub/app/options/options.go.
    """
    place = _place(url)
    if place is None or place.host == "localhost" or _is_inner(place):
        return None
    return format_host_port(place)


def inner_host_port(url: str) -> str | None:
    """ADDRESS:PORT of this node's own hub; None for any other URL."""
    place = _place(url)
    return None if place is None or not _is_inner(place) else format_host_port(place)


def _place(url: str) -> HostPort | None:
    shape = _URL.fullmatch(url) if len(url) <= 1024 else None
    return shape and parse_host_port(shape[2], _PORTS[(shape[1] or "").lower()])


def _is_inner(place: HostPort) -> bool:
    address = parse_address(place.host)
    return address is not None and (address.is_loopback or address.is_link_local)
