"""Where a registry sends its clients on: who gives its tokens, and where its layers lie."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from edgediag.discovery.host import parse_address, parse_host
from edgediag.endpoints.forward_proxy import BLOB_HOST, TOKEN_SERVICE, place_meant, through_proxy
from edgediag.endpoints.naming import with_check_ids
from edgediag.flaw import answer_of
from edgediag.inside import is_inside, is_on_link
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Presented, RegistryAnswer
from edgediag.model.cluster import ForwardProxy, HostPort
from edgediag.model.endpoint import ProbeKind, Target

# Who is sent to a hundred hosts is led astray.
MAX_SERVICES: Final = 2
MAX_BLOB_HOSTS: Final = 1

_HTTPS: Final = 443
_NOTHING: Final = NotChecked(reason="it showed nothing")
_Shown = Mapping[str, Presented | NotChecked]


def token_services(
    targets: Sequence[Target], shown: _Shown, proxies: tuple[ForwardProxy, ...] = ()
) -> tuple[Target, ...]:
    """A check for each host, new to the run, at which a registry that is trusted wants a token.

    Its name is resolved and its port asked as those of the matrix are.

    shown  what servers showed, by check
    """
    found = _new(targets, shown, _token_places)
    rows = (_row(registry, place, TOKEN_SERVICE) for place, registry in found.items())
    return _named(tuple(rows)[:MAX_SERVICES], proxies)


def blob_hosts(
    targets: Sequence[Target], shown: _Shown, proxies: tuple[ForwardProxy, ...] = ()
) -> tuple[Target, ...]:
    """A check for the host, new to the run, to which a registry sends its clients for a blob."""
    found = _new(targets, shown, _blob_places)
    rows = (_row(registry, place, BLOB_HOST) for place, registry in found.items())
    return _named(tuple(rows)[:MAX_BLOB_HOSTS], proxies)


def _new(
    targets: Sequence[Target],
    shown: _Shown,
    places_in: Callable[[RegistryAnswer], Iterator[HostPort]],
) -> dict[HostPort, Target]:
    """The places that no row has, each with the first registry that names it."""
    known = {place_meant(target) for target in targets}
    found: dict[HostPort, Target] = {}
    for target in targets:
        answer = answer_of(shown.get(target.check, _NOTHING))
        for place in places_in(answer) if answer is not None else ():
            if place not in known and parse_host(place.host) is not None:
                found.setdefault(place, target)
    return found


def _named(
    rows: tuple[Target, ...], proxies: tuple[ForwardProxy, ...]
) -> tuple[Target, ...]:
    return with_check_ids(through_proxy(row, proxies) for row in rows)


def _token_places(answer: RegistryAnswer) -> Iterator[HostPort]:
    address = parse_address(answer.token_host)
    if isinstance(answer.token_port, NotChecked):
        return
    if address is None or not is_on_link(address):
        yield HostPort(host=answer.token_host, port=answer.token_port)


def _blob_places(answer: RegistryAnswer) -> Iterator[HostPort]:
    if isinstance(answer.pulled, NotChecked) or isinstance(answer.pulled.blobs, NotChecked):
        return
    blobs = answer.pulled.blobs
    address = parse_address(blobs.host)
    # By an address of a closed network a public registry sends nobody whom it knows.
    if address is None or not (is_on_link(address) or is_inside(address)):
        yield HostPort(host=blobs.host, port=blobs.port)


_PURPOSES: Final[Mapping[str, str]] = {
    TOKEN_SERVICE: "registry tokens at {}, where the registry sends its clients",
    BLOB_HOST: "image layers at {}, where the registry sends its clients",
}


def _row(registry: Target, place: HostPort, endpoint: str) -> Target:
    hello = (ProbeKind.TLS_CLIENT_HELLO,) if place.port == _HTTPS else ()
    return replace(
        registry,
        endpoint=endpoint,
        purpose=_PURPOSES[endpoint].format(place.host),
        host=place.host,
        address=parse_address(place.host),
        port=place.port,
        kinds=(ProbeKind.TCP_SYN, *hello),
    )
