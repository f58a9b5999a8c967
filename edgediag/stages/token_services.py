"""Who gives the tokens that a registry wants, where no row of the matrix has it yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from edgediag.discovery.host import parse_address, parse_host
from edgediag.endpoints.naming import with_check_ids
from edgediag.flaw import answer_of
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Presented, RegistryAnswer
from edgediag.model.endpoint import ProbeKind, Target
from edgediag.model.flow import Address

TOKEN_SERVICE: Final = "registry-token"
"""The endpoint of a host that a registry sends its clients to."""

# Who is sent to a hundred hosts is led astray.
MAX_SERVICES: Final = 2

_HTTPS: Final = 443


def token_services(
    targets: Sequence[Target], shown: Mapping[str, Presented | NotChecked]
) -> tuple[Target, ...]:
    """A check for each host, new to the run, at which a registry that is trusted wants a token.

    Its name is resolved and its port asked as those of the matrix are; no token is asked for.

    shown  what servers showed, by check
    """
    known = {(target.host.lower(), target.port) for target in targets}
    found: dict[tuple[str, int], Target] = {}
    for target in targets:
        for place in _places(answer_of(shown.get(target.check, _NOTHING))):
            if place not in known:
                found.setdefault(place, _service(target, place))
    return with_check_ids(tuple(found.values())[:MAX_SERVICES])


_NOTHING: Final = NotChecked(reason="it showed nothing")


def _places(answer: RegistryAnswer | None) -> Iterator[tuple[str, int]]:
    if answer is None or isinstance(answer.token_port, NotChecked):
        return
    address = parse_address(answer.token_host)
    if parse_host(answer.token_host) is not None and not _is_inner(address):
        yield answer.token_host, answer.token_port


def _is_inner(address: Address | None) -> bool:
    """True for an address at which nobody but this node, or everybody, would be asked."""
    return address is not None and (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    )


def _service(registry: Target, place: tuple[str, int]) -> Target:
    host, port = place
    hello = (ProbeKind.TLS_CLIENT_HELLO,) if port == _HTTPS else ()
    return replace(
        registry,
        endpoint=TOKEN_SERVICE,
        purpose=f"registry tokens at {host}, where the registry sends its clients",
        host=host,
        address=parse_address(host),
        port=port,
        kinds=(ProbeKind.TCP_SYN, *hello),
    )
