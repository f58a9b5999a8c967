"""What checks are called and what hosts they go to, as far as that is known."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from edgediag.endpoints import PATTERNS_BY_REGION
from edgediag.endpoints.forward_proxy import place_meant
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Endpoint, Target
from edgediag.model.flow import Address

# Tried in this order, until each check of one endpoint and port has a name of its own.
_SUFFIXES: tuple[Callable[[Target], str], ...] = (
    lambda target: "",
    lambda target: f"@{target.host}",
    lambda target: f"@{target.address or target.host}",
    lambda target: f"@{target.host}@{target.address}",
    lambda target: f"@{target.host}{_query(target)}",
    lambda target: f"@{target.host}@{target.address}{_query(target)}",
)


def check_stem(endpoint: str, port: int) -> str:
    """A check's id as far as endpoint and port make it; port 0 stands for "no port"."""
    return f"{endpoint}-{port}" if port else endpoint


def target_of(endpoint: Endpoint, *, host: str, address: Address | None, port: int) -> Target:
    """One check of a row of the table."""
    return Target(
        check=check_stem(endpoint.id, port),
        endpoint=endpoint.id,
        purpose=endpoint.purpose,
        direction=endpoint.direction,
        is_required=endpoint.is_required,
        protocol=endpoint.protocol,
        host=host,
        address=address,
        port=port,
        kinds=endpoint.kinds,
    )


def host_name(endpoint: Endpoint, region: str | None) -> str:
    """The host of a row as far as it is known: its pattern, the region put in if there is one.

    Of a row whose host is a fact, this is the fact in words.
    """
    if region is None:
        return endpoint.host_pattern
    pattern = PATTERNS_BY_REGION.get((endpoint.id, region), endpoint.host_pattern)
    return pattern.replace("{region}", region)


def with_check_ids(targets: Iterable[Target]) -> tuple[Target, ...]:
    """The targets in their order, each once, with ids that tell every two of them apart.

    Host or address, and of a name server what it is asked for, are added only where endpoint and
    port would otherwise mean two checks.
    """
    unique = tuple(dict.fromkeys(targets))
    by_stem: dict[str, list[Target]] = {}
    for target in unique:
        by_stem.setdefault(_stem(target), []).append(target)
    suffixes = {stem: _distinct_suffix(group) for stem, group in by_stem.items()}
    return tuple(
        replace(target, check=stem + suffixes[stem](target))
        for target in unique
        for stem in (_stem(target),)
    )


def _stem(target: Target) -> str:
    return check_stem(target.endpoint, place_meant(target).port)


def _distinct_suffix(group: list[Target]) -> Callable[[Target], str]:
    for suffix in _SUFFIXES:
        if len({suffix(target) for target in group}) == len(group):
            return suffix
    return _SUFFIXES[-1]


def _query(target: Target) -> str:
    return "" if isinstance(target.query, NotChecked) else f"/{target.query}"
