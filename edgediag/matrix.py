"""The matrix for one cluster: endpoints times facts times addresses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from edgediag.compat import assert_never
from edgediag.discovery.host import parse_address, parse_host
from edgediag.endpoints import APPLIES, ENDPOINTS, KINDS_BY_PORT, NOT_ASKED, NOT_NEEDED
from edgediag.endpoints.forward_proxy import through_proxy
from edgediag.endpoints.naming import check_stem, host_name, target_of, with_check_ids
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ClusterFacts, HostPort, Version
from edgediag.model.endpoint import Endpoint, Generation, HostSource, Matrix, Omitted, Target
from edgediag.model.flow import Address

THIS_NODE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """A fact that rows hang on, and the option that states it."""

    fact: str
    option: str


_ROOT = "--root with the directory that holds the node's /etc"
_REGION = _Need(fact="region", option="--region")
_VERSION = _Need(fact="cluster version", option="--k8s-version")
_HOST_NEEDS: Mapping[HostSource, _Need] = {
    HostSource.API_SERVER: _Need(fact="API server", option="--api-server"),
    HostSource.RAVEN_PROXY: _Need(fact="Raven gateway", option="--raven-gateway"),
    HostSource.RAVEN_TUNNEL: _Need(fact="Raven gateway", option="--raven-gateway"),
    HostSource.TUNNEL_SERVER: _Need(fact="tunnel server", option="--tunnel-server"),
    HostSource.PACKAGE_SOURCE: _Need(fact="apt or yum source", option=_ROOT),
    HostSource.RESOLVER: _Need(fact="name server", option=_ROOT),
}
_SINCE = (1, 26)


def build_matrix(facts: ClusterFacts) -> Matrix:
    """What to check with these facts, what cannot be checked, what does not apply.

    A host that is a literal address has its address at once; `with_addresses` adds the others.
    """
    applying = tuple(endpoint for endpoint in ENDPOINTS if _applies(endpoint, facts))
    rows = tuple(row for endpoint in applying for row in _rows(endpoint, facts))
    ids = {endpoint.id for endpoint in applying}
    ruled_out = dict.fromkeys(endpoint.id for endpoint in ENDPOINTS if endpoint.id not in ids)
    return Matrix(
        targets=with_check_ids(row for row in rows if isinstance(row, Target)),
        omitted=tuple(row for row in rows if isinstance(row, Omitted)),
        not_applicable=tuple(ruled_out),
    )


def with_addresses(matrix: Matrix, names: Mapping[str, tuple[Address, ...]]) -> Matrix:
    """The matrix with a target for every address that a target's name has.

    A name without addresses stays one target without an address. Check ids are made anew,
    because one check may have become several.
    """
    targets = (
        replace(target, address=address)
        for target in matrix.targets
        for address in _addresses(target, names)
    )
    return replace(matrix, targets=with_check_ids(targets))


def _applies(endpoint: Endpoint, facts: ClusterFacts) -> bool:
    if not set(endpoint.phases) & set(facts.phases):
        return False
    if facts.version is not None and not _is_of(facts.version, endpoint.generation):
        return False
    rule = APPLIES.get(endpoint.id)
    return rule is None or rule(facts)


def _is_of(version: Version, generation: Generation) -> bool:
    match generation:
        case Generation.ANY:
            return True
        case Generation.SINCE_1_26:
            return (version.major, version.minor) >= _SINCE
        case Generation.BEFORE_1_26:
            return (version.major, version.minor) < _SINCE
        case _:
            assert_never(generation)


def _rows(endpoint: Endpoint, facts: ClusterFacts) -> Iterator[Target | Omitted]:
    needs = _unmet_needs(endpoint, facts)
    not_needed = _reason(NOT_NEEDED, endpoint, facts)
    reason = not_needed or (_not_known(needs) if needs else _reason(NOT_ASKED, endpoint, facts))
    if reason:
        for port in endpoint.ports or (0,):
            row = _omitted(endpoint, check_stem(endpoint.id, port), reason)
            yield replace(row, is_required=endpoint.is_required and not not_needed)
        return
    yield from _unadvertised(endpoint, facts)
    for place in _places(endpoint, facts):
        if place.host == THIS_NODE or parse_host(place.host) is not None:
            yield through_proxy(_target(endpoint, place), facts.forward_proxies)
        else:
            check = f"{check_stem(endpoint.id, place.port)}@{place.host!a}"
            reason = f"{place.host!a} is neither a host name nor an address"
            yield _omitted(endpoint, check, reason)


def _reason(
    reasons: Mapping[str, Callable[[ClusterFacts], str]], endpoint: Endpoint, facts: ClusterFacts
) -> str:
    reason_of = reasons.get(endpoint.id)
    return "" if reason_of is None else reason_of(facts)


def _unadvertised(endpoint: Endpoint, facts: ClusterFacts) -> Iterator[Omitted]:
    """The ports of a row that no host of it advertises: they are possible, and not needed."""
    dialled = {place.port for place in _places(endpoint, facts)}
    for port in endpoint.ports:
        if port not in dialled:
            reason = "not needed: no Gateway or Service of this cluster advertises the port"
            row = _omitted(endpoint, check_stem(endpoint.id, port), reason)
            yield replace(row, is_required=False)


def _unmet_needs(endpoint: Endpoint, facts: ClusterFacts) -> tuple[_Need, ...]:
    is_named = endpoint.host_source is HostSource.NAME
    if not is_named and _places(endpoint, facts):
        # Whoever states a host wants it checked, whatever is known of the version.
        return ()
    needs: tuple[_Need, ...] = () if is_named else (_HOST_NEEDS[endpoint.host_source],)
    if facts.region is None and is_named and "{region}" in endpoint.host_pattern:
        needs += (_REGION,)
    if facts.version is None and endpoint.generation is not Generation.ANY:
        needs += (_VERSION,)
    return needs


def _not_known(needs: tuple[_Need, ...]) -> str:
    facts = " and ".join(need.fact for need in needs)
    options = " and ".join(need.option for need in needs)
    return f"{facts} {'is' if len(needs) == 1 else 'are'} not known; give {options}"


def _places(endpoint: Endpoint, facts: ClusterFacts) -> tuple[HostPort, ...]:
    match endpoint.host_source:
        case HostSource.API_SERVER:
            return facts.api_servers
        case HostSource.PACKAGE_SOURCE:
            return facts.package_sources
        case HostSource.NAME:
            hosts: tuple[str, ...] = (host_name(endpoint, facts.region),)
        case HostSource.RAVEN_PROXY:
            return _advertised(facts.raven_proxies, facts.advertised_proxies, endpoint)
        case HostSource.RAVEN_TUNNEL:
            return _advertised(facts.raven_tunnels, facts.advertised_tunnels, endpoint)
        case HostSource.TUNNEL_SERVER:
            hosts = facts.tunnel_servers
        case HostSource.RESOLVER:
            hosts = tuple(str(address) for address in facts.resolvers)
        case HostSource.THIS_NODE:
            hosts = (THIS_NODE,)
        case _:
            assert_never(endpoint.host_source)
    ports = endpoint.ports or (0,)
    return tuple(HostPort(host=host, port=port) for host in hosts for port in ports)


def _advertised(
    hosts: tuple[str, ...], advertised: tuple[HostPort, ...], endpoint: Endpoint
) -> tuple[HostPort, ...]:
    """The ports that each host advertises, or those of the row where it is not known to any."""
    return tuple(
        HostPort(host=host, port=port)
        for host in hosts
        for port in sorted({place.port for place in advertised if place.host == host})
        or endpoint.ports
    )


def _target(endpoint: Endpoint, place: HostPort) -> Target:
    target = target_of(
        endpoint, host=place.host, address=parse_address(place.host), port=place.port
    )
    kinds = KINDS_BY_PORT.get((endpoint.id, place.port), endpoint.kinds)
    return replace(target, kinds=kinds)


def _omitted(endpoint: Endpoint, check: str, reason: str) -> Omitted:
    return Omitted(
        check=check,
        endpoint=endpoint.id,
        purpose=endpoint.purpose,
        direction=endpoint.direction,
        is_required=endpoint.is_required,
        because=NotChecked(reason=reason),
    )


def _addresses(
    target: Target, names: Mapping[str, tuple[Address, ...]]
) -> tuple[Address | None, ...]:
    if target.address is not None or target.host == THIS_NODE:
        return (target.address,)
    return tuple(dict.fromkeys(names.get(target.host, ()))) or (None,)
