"""The facts that the node's agents know, below what was stated: from texts to values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edgediag.discovery.canonical import CANONICAL
from edgediag.discovery.distribution import distribution_of
from edgediag.discovery.found import find
from edgediag.discovery.given import Given, with_both_raven_hosts
from edgediag.discovery.host import parse_address, parse_host, parse_host_port
from edgediag.discovery.reader import Reader
from edgediag.discovery.region import parse_region
from edgediag.discovery.settle import Settled
from edgediag.discovery.stated import (
    answer_of,
    parse_api_server,
    role_of,
    value_of,
    values_of,
)
from edgediag.discovery.version import parse_version
from edgediag.model.answer import Answer
from edgediag.model.cluster import Distribution, Fact, HostPort, Version
from edgediag.model.flow import Address
from edgediag.model.gateway import Gateway, RavenMode, Role
from edgediag.model.statement import Conflict, Statement

_ROLES = {role.value: role for role in Role}
_ANSWERS = {"yes": Answer.YES, "no": Answer.NO}
_ROLE_NAMES = ("proxy-role", "tunnel-role")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class RavenFacts:
    """Raven in one of its modes.

    advertised  the ports of the hosts, where an object names them
    """

    is_on: Answer
    role: Role | None
    hosts: tuple[str, ...]
    advertised: tuple[HostPort, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """All of them; the fields are those of ClusterFacts."""

    region: str | None
    version: Version | None
    api_servers: tuple[HostPort, ...]
    tunnel_servers: tuple[str, ...]
    peers: tuple[Address, ...]
    proxies: RavenFacts
    tunnels: RavenFacts
    distribution: Distribution | None
    vpn_driver: str | None
    api_last_reached_s: float | None
    gateways: tuple[Gateway, ...]
    statements: tuple[Statement, ...]
    conflicts: tuple[Conflict, ...]
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]
    missing: tuple[str, ...]


def agents_of(reader: Reader, given: Given) -> AgentFacts:
    """What was stated, and where nothing was, what the node's agents know.

    raises  UsageError where something stated cannot be used
    """
    stated = with_both_raven_hosts(given.stated)
    found = find(reader, given, _statements(stated))
    alone = found.alone
    version = alone.value("k8s-version") or alone.value("kubelet-version") or ""
    distribution = distribution_of(alone)
    return AgentFacts(
        region=value_of(stated, "region", parse_region) or alone.value("region"),
        version=value_of(stated, "k8s-version", parse_version) or parse_version(version),
        api_servers=values_of(stated, "api-server", parse_api_server)
        or _parsed(alone, "api-server", parse_api_server),
        tunnel_servers=values_of(stated, "tunnel-server", parse_host)
        or alone.values("tunnel-server"),
        peers=values_of(stated, "peer", parse_address) or _parsed(alone, "peer", parse_address),
        proxies=_raven(RavenMode.PROXY, given, alone),
        tunnels=_raven(RavenMode.TUNNEL, given, alone),
        distribution=distribution,
        vpn_driver=alone.value("vpn-driver"),
        api_last_reached_s=_last_reached_s(alone),
        gateways=found.gateways,
        statements=found.settled.statements,
        conflicts=found.settled.conflicts,
        facts=(
            *_discovered(found.settled, {fact.source for fact in stated}),
            *_distribution_fact(distribution),
        ),
        warnings=found.warnings,
        missing=found.missing,
    )


def _raven(mode: RavenMode, given: Given, alone: Settled) -> RavenFacts:
    """One mode. Who states its own host wants it asked, whatever is found of mode and role."""
    stated = with_both_raven_hosts(given.stated)
    host, switch = f"raven-{mode.value}", f"{mode.value}-mode"
    is_insisted_on = _is_insisted_on(stated, host)
    found = alone if not is_insisted_on else Settled(statements=(), conflicts=(), gaps=())
    is_on = answer_of(stated, switch)
    if is_on is Answer.NOT_CHECKED:
        is_on = _ANSWERS.get(found.value(switch) or "", Answer.NOT_CHECKED)
    places = [place for text in alone.values(host) if (place := parse_host_port(text, 0))]
    return RavenFacts(
        is_on=is_on,
        role=role_of(stated) or _ROLES.get(found.value(f"{mode.value}-role") or ""),
        hosts=values_of(stated, host, parse_host)
        or tuple(dict.fromkeys(place.host for place in places)),
        advertised=tuple(place for place in places if place.port),
    )


def _is_insisted_on(stated: tuple[Fact, ...], host: str) -> bool:
    """Whether the host was stated for this mode by itself, and not as a gateway for both."""
    said = {
        name: {(fact.value, fact.source) for fact in stated if fact.name == name}
        for name in ("raven-proxy", "raven-tunnel")
    }
    return bool(said[host]) and said["raven-proxy"] != said["raven-tunnel"]


def _parsed(
    settled: Settled, name: str, parse: Callable[[str], _Value | None]
) -> tuple[_Value, ...]:
    values = (parse(text) for text in settled.values(name))
    return tuple(value for value in values if value is not None)


def _last_reached_s(settled: Settled) -> float | None:
    found = (item for item in settled.statements if item.name == "api-last-reached")
    return next((item.written_s for item in found if not item.node), None)


def _statements(stated: tuple[Fact, ...]) -> list[Statement]:
    """What was stated in the form of what was found; a role is one in both modes."""
    return [
        Statement(
            name=name, node="", value=fact.value, path=fact.source, where="", written_s=None
        )
        for fact in stated
        for name in (_ROLE_NAMES if fact.name == "role" else (fact.name,))
        if name in CANONICAL
    ]


def _distribution_fact(distribution: Distribution | None) -> tuple[Fact, ...]:
    if distribution is None:
        return ()
    return (Fact(name="distribution", value=distribution.value, source="hub and k8s-version"),)


def _discovered(settled: Settled, stated_by: set[str]) -> tuple[Fact, ...]:
    """What was found and holds, about the cluster and this node."""
    return tuple(
        Fact(
            name=item.name,
            value=f"{item.node}: {item.value}" if item.node else item.value,
            source=item.source,
        )
        for item in settled.statements
        if item.path not in stated_by and (not item.node or item.name == "gateway")
    )
