"""Networks in text form, and which of those that are wanted nobody has."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from edgediag.model.gateway import Network


def lacking(wanted: Iterable[str], had: Iterable[str]) -> tuple[Network, ...]:
    """The wanted networks that are in none of those that are had, in their order."""
    held = tuple(_networks(had))
    return tuple(item for item in _networks(wanted) if not any(_holds(one, item) for one in held))


def _networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        try:
            yield ip_network(text, strict=False)
        except ValueError:
            continue


def _holds(outer: Network, inner: Network) -> bool:
    if outer.version != inner.version or outer.prefixlen > inner.prefixlen:
        return False
    return inner.network_address in outer
