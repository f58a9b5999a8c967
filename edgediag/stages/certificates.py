"""Asks those that answered a ClientHello for their certificates, and puts these to the checks."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from edgediag.checked import Checked, host_of
from edgediag.endpoints import ENDPOINTS
from edgediag.endpoints.forward_proxy import BLOB_HOST, TOKEN_SERVICE
from edgediag.flaw import answer_of
from edgediag.instruments import Bench
from edgediag.meaning import decisive
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Above, Audience, Chain, Presented, Server
from edgediag.model.endpoint import HostSource, Target
from edgediag.model.flow import Address
from edgediag.model.outcome import Answered
from edgediag.model.reply import TlsAnswer, TlsReply

# A node needs some fifteen; a matrix that names more is asked for the first of them.
MAX_SERVERS = 32

TOO_MANY = NotChecked(reason=f"only the first {MAX_SERVERS} servers are asked for a certificate")

Shown: TypeAlias = Presented | NotChecked

_REGISTRY = "registry"
_NAMED_BY_REGISTRY = frozenset((TOKEN_SERVICE, BLOB_HOST))
_TOKEN_GIVERS = frozenset(("dockerauth", "dockerauth-ee"))
_BY_FACT = frozenset(source.value for source in HostSource)
_OF_THE_MATRIX = frozenset(endpoint.id for endpoint in ENDPOINTS)


def ask_for_certificates(bench: Bench, checks: Iterable[Checked]) -> Mapping[str, Shown]:
    """By check, what each server showed that answered a ClientHello; each is asked once."""
    checks = tuple(checks)
    servers = {check.target.check: server_of(check) for check in checks if _is_tls(check)}
    asked = tuple(dict.fromkeys(servers.values()))[:MAX_SERVERS]
    if not asked or bench.loop.is_interrupted():
        return {}
    shown = _with_others(bench.certificates.of(asked))
    givers = tuple(sorted({check.target.host for check in checks if _gives_tokens(check)}))
    return {
        check: _beside_givers(shown.get(server, TOO_MANY), givers)
        for check, server in servers.items()
    }


def with_certificates(
    checks: Iterable[Checked], shown: Mapping[str, Shown]
) -> tuple[Checked, ...]:
    """The checks with the certificates of their servers."""
    return tuple(
        replace(check, certificate=shown.get(check.target.check, check.certificate))
        for check in checks
    )


def _is_tls(check: Checked) -> bool:
    match decisive(check.attempts):
        case Answered(reply=TlsReply(answer=TlsAnswer.SERVER_HELLO)):
            return True
        case _:
            return False


def server_of(check: Checked) -> Server:
    """Whom a check's own way leads to, as its clients know it."""
    target = check.target
    return Server(
        address=host_of(check),
        port=target.port,
        name=target.host,
        audience=_audience(target),
        above=_above(target),
    )


def _above(target: Target) -> Above:
    if is_registry(target):
        return Above.REGISTRY
    # Raven's agents speak gRPC to it, which is HTTP/2.
    is_proxy = target.endpoint == HostSource.RAVEN_PROXY.value
    return Above.HTTP2 if is_proxy else Above.NOTHING


def is_registry(target: Target) -> bool:
    """True for a row that is asked above TLS what every client of a registry asks first."""
    return target.endpoint == _REGISTRY


def _audience(target: Target) -> Audience:
    endpoint = target.endpoint
    if endpoint == HostSource.API_SERVER.value:
        return Audience.CLUSTER
    if _is_dialled_as_raven_does(target):
        return Audience.GATEWAY
    # What a fact of the cluster, a file of the node or the operator names may have an authority of
    # its own. Where a registry sends its clients on, these go with the authorities they have.
    is_public = endpoint in (_OF_THE_MATRIX | _NAMED_BY_REGISTRY) - _BY_FACT
    return Audience.PUBLIC if is_public else Audience.OTHER


def _is_dialled_as_raven_does(target: Target) -> bool:
    """True for Raven's proxy by its address, which its clients want in the certificate.

    source  raven pkg/certmanager/pki.go (ServerName is the address), pkg/utils/constants.go (the
            authority is the cluster's, as every pod has it)
    """
    is_proxy = target.endpoint == HostSource.RAVEN_PROXY.value
    return is_proxy and target.host == str(target.address)


def _gives_tokens(check: Checked) -> bool:
    return check.target.endpoint in _TOKEN_GIVERS


def _beside_givers(shown: Shown, givers: tuple[str, ...]) -> Shown:
    answer = answer_of(shown)
    if isinstance(shown, NotChecked) or answer is None:
        return shown
    return replace(shown, registry=replace(answer, token_hosts=givers))


def _with_others(shown: Mapping[Server, Shown]) -> dict[Server, Shown]:
    """What each server showed, beside what others of the run did."""
    return {server: _beside(server, one, shown) for server, one in shown.items()}


def _beside(server: Server, shown: Shown, every: Mapping[Server, Shown]) -> Shown:
    if isinstance(shown, NotChecked) or shown.chain is not Chain.UNKNOWN_ISSUER:
        return shown
    others = [
        (other, one)
        for other, one in every.items()
        if isinstance(one, Presented) and other.address != server.address
    ]
    return replace(
        shown,
        alike=_ascending(
            other
            for other, one in others
            if one.chain is Chain.UNKNOWN_ISSUER
            and one.certificate.issuer == shown.certificate.issuer
        ),
        vouching=_ascending(
            other
            for other, one in others
            if one.chain is Chain.TRUSTED and other.audience is server.audience
        ),
    )


def _ascending(servers: Iterable[Server]) -> tuple[Address, ...]:
    return tuple(sorted({server.address for server in servers}, key=int))
