"""What to probe, as a URL: which protocol, which host, which port."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.discovery.host import parse_address, parse_host, parse_host_port
from edgediag.discovery.overlay_url import FORM, overlay_of
from edgediag.endpoints.naming import check_stem, target_of, with_check_ids
from edgediag.errors import UsageError
from edgediag.model.endpoint import USUAL_QUERY, Direction, ProbeKind, Target
from edgediag.model.flow import Address, Protocol

# RFC 3986 §3: a scheme, an authority without user, a path. A query or fragment has no meaning here.
_URL: Final = re.compile(r"([a-z]{2,8})://([^/?#@]*)(?:/([^/?#]*))?", re.ASCII)
_NO_PORT: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scheme:
    """How a scheme is asked; port 0 stands for a scheme that has no usual one."""

    protocol: Protocol
    kinds: tuple[ProbeKind, ...]
    port: int
    purpose: str


_SCHEMES: Final[Mapping[str, _Scheme]] = {
    "tcp": _Scheme(
        protocol=Protocol.TCP,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TCP_CONNECT),
        port=_NO_PORT,
        purpose="a TCP connection",
    ),
    "tls": _Scheme(
        protocol=Protocol.TCP,
        kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
        port=443,
        purpose="TLS",
    ),
    "ike": _Scheme(
        protocol=Protocol.UDP,
        kinds=(ProbeKind.IKE_SA_INIT,),
        port=4500,
        purpose="IKE and ESP in UDP",
    ),
    "ntp": _Scheme(
        protocol=Protocol.UDP, kinds=(ProbeKind.NTP,), port=123, purpose="time"
    ),
    "dns": _Scheme(
        protocol=Protocol.UDP, kinds=(ProbeKind.DNS,), port=53, purpose="name service"
    ),
    "icmp": _Scheme(
        protocol=Protocol.ICMP, kinds=(ProbeKind.ICMP_ECHO,), port=_NO_PORT, purpose="an echo"
    ),
}
FORMS: Final = (
    "tcp://HOST:PORT, tls://HOST[:PORT], ike://HOST[:PORT], ntp://HOST, dns://HOST[/NAME], "
    f"icmp://HOST, {FORM}"
)
_THIS_NODE: Final = ""


def targets_of(urls: Iterable[str]) -> tuple[Target, ...]:
    """A target for each URL, in the order given, each once; of an overlay its row on this node.

    raises  UsageError for what is no URL of FORMS
    """
    return with_check_ids(map(_target, urls))


def peers_of(urls: Iterable[str]) -> tuple[Address, ...]:
    """The nodes that are to be asked through an overlay, each once."""
    found = (overlay_of(url) for url in urls)
    return tuple(dict.fromkeys(item[1] for item in found if item is not None))


def _target(url: str) -> Target:
    overlay = overlay_of(url)
    if overlay is not None:
        row = overlay[0]
        return target_of(row, host=_THIS_NODE, address=None, port=row.ports[0])
    found = _URL.fullmatch(url)
    scheme = _SCHEMES.get(found[1]) if found else None
    place = parse_host_port(found[2], scheme.port) if found and scheme else None
    name = found[3] if found else None
    if found is None or scheme is None or place is None or not _fits(scheme, place.port, name):
        raise UsageError(f"cannot probe {url!a}: no such target; give one of {FORMS}")
    return Target(
        check=check_stem(found[1], place.port),
        endpoint=found[1],
        purpose=scheme.purpose,
        direction=Direction.OUTBOUND,
        is_required=True,
        protocol=scheme.protocol,
        host=place.host,
        address=parse_address(place.host),
        port=place.port,
        kinds=scheme.kinds,
        query=name or USUAL_QUERY,
    )


def _fits(scheme: _Scheme, port: int, name: str | None) -> bool:
    is_echo, is_query = scheme.protocol is Protocol.ICMP, ProbeKind.DNS in scheme.kinds
    if name and (not is_query or parse_host(name) is None):
        return False
    return (port == _NO_PORT) is is_echo
