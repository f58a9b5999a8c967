"""The servers that systemd-resolved forwards to, where this host asks its stub."""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

from edgediag.discovery.reader import Reader
from edgediag.discovery.resolv_conf import parse_resolv_conf
from edgediag.discovery.unit import assignments
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NO_UPSTREAMS, ResolverLine
from edgediag.model.flow import Address

# systemd-resolved(8): both stubs, and the file in which the servers behind them are kept.
STUBS: Final[tuple[Address, ...]] = (IPv4Address("127.0.0.53"), IPv4Address("127.0.0.54"))
UPSTREAM_FILE: Final = "/run/systemd/resolve/resolv.conf"

_CONF: Final = "/etc/systemd/resolved.conf"
_DROP_INS: Final = (
    "/usr/lib/systemd/resolved.conf.d",
    "/usr/local/lib/systemd/resolved.conf.d",
    "/run/systemd/resolved.conf.d",
    "/etc/systemd/resolved.conf.d",
)
_MAX_DROP_INS: Final = 64

# What one link's servers are asked for: a file a link, from systemd-networkd's own settings
# (src/network/networkd-state-file.c) and from what others told systemd-resolved (resolvectl(1),
# NetworkManager; src/resolve/resolved-link.c).
_LINKS: Final = ("/run/systemd/netif/links", "/run/systemd/resolve/netif")
_OF_LINKS: Final = {"DNS_OVER_TLS": "DNSOverTLS", "DNSSEC": "DNSSEC"}
_MAX_LINKS: Final = 256

# resolved.conf(5): then it asks otherwise than a plain query does, or refuses what that takes.
_OTHERWISE: Final = {
    "DNSOverTLS": frozenset({"yes", "true", "on", "1", "opportunistic"}),
    "DNSSEC": frozenset({"yes", "true", "on", "1", "allow-downgrade"}),
}


def upstreams_of(
    lines: tuple[ResolverLine, ...] | NotChecked, reader: Reader
) -> tuple[ResolverLine, ...] | NotChecked:
    """The lines that name the servers behind the stub, or why they are not to be had.

    lines  of resolv.conf
    """
    if isinstance(lines, NotChecked) or not any(line.address in STUBS for line in lines):
        return NO_UPSTREAMS
    odd = _asks_otherwise(reader)
    if odd is not None:
        return odd
    text = reader.read_text(UPSTREAM_FILE)
    if isinstance(text, NotChecked):
        return text
    named = parse_resolv_conf(text, UPSTREAM_FILE)
    return tuple(line for line in named if not line.address.is_loopback)


def _asks_otherwise(reader: Reader) -> NotChecked | None:
    said: dict[str, tuple[str, str]] = {}
    for path in (_CONF, *_drop_ins(reader)):
        text = reader.read_text(path)
        for name, value in () if isinstance(text, NotChecked) else assignments(text):
            said[name] = (value.lower(), path)
    # Which link's servers a name is asked of is not known, so one link that differs is enough.
    settings = [(name, *said[name]) for name in _OTHERWISE if name in said]
    settings += list(_of_links(reader))
    for name, value, path in settings:
        if value in _OTHERWISE[_OF_LINKS.get(name, name)]:
            reason = f"{path} sets {name}={value}: a plain query does not meet what that meets"
            return NotChecked(reason=reason)
    return None


def _of_links(reader: Reader) -> Iterable[tuple[str, str, str]]:
    """What is set of single links: name, value and the file."""
    for directory in _LINKS:
        names = reader.list_dir(directory)
        for name in () if isinstance(names, NotChecked) else names[:_MAX_LINKS]:
            path = f"{directory}/{name}"
            text = reader.read_text(path)
            for key, value in () if isinstance(text, NotChecked) else assignments(text):
                if key in _OF_LINKS:
                    yield key, value.lower(), path


def _drop_ins(reader: Reader) -> Iterable[str]:
    """In the order in which they are read: by name, whatever directory they lie in."""
    found: dict[str, str] = {}
    for directory in _DROP_INS:
        names = reader.list_dir(directory)
        for name in () if isinstance(names, NotChecked) else names[:_MAX_DROP_INS]:
            if name.endswith(".conf"):
                found[name] = f"{directory}/{name}"
    return (found[name] for name in sorted(found))
