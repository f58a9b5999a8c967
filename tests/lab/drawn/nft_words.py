"""The same match in the many words that nft has for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from tests.lab.drawn.matches import Match, Way
from tests.lab.drawn.networks import Network

# Ports and addresses that no check has, to stand beside those that one has.
_OTHER_PORTS = ("7", "9999", "11111-11120")
_OTHERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"ip": ("203.0.113.250", "10.99.0.0/16"), "ip6": ("2001:db8::250", "2001:db8:99::/48")}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Conditions of a rule, and the sets that they name."""

    conditions: tuple[str, ...]
    sets: tuple[str, ...] = ()

    def __add__(self, other: "Words") -> "Words":
        return Words(
            conditions=(*self.conditions, *other.conditions), sets=(*self.sets, *other.sets)
        )


def spell(dice: Random, match: Match, network: Network, way: Way) -> Words:
    """Conditions that hold of the match's packets on this way, and of no other.

    Spelled as fields, as sets written out or named, of intervals, of what expires, or of pairs.
    """
    if match.host and match.port and dice.random() < 0.35:
        return _pair(dice, match, network, way)
    return _address(dice, match, network, way) + _ports(dice, match, way)


def spell_service(match: Match, network: Network, way: Way) -> str:
    """The plain conditions of a match on one port of TCP."""
    host = f"{network.family} {way.value}addr {match.host} " if match.host else ""
    return f"{host}tcp {way.value}port {match.port}"


def family_alone(network: Network) -> str:
    """Of a table whose rules may look at ports alone and find packets of this network only."""
    return network.family if network.is_second else "inet"


def spell_map(dice: Random, match: Match, network: Network, way: Way) -> Words:
    """The same of a match on one port, as a map whose verdict for it is a drop."""
    verdicts = f"{{ {match.port} : drop, 7 : accept }}"
    field = f"{match.protocol} {way.value}port vmap"
    if dice.random() < 0.5:
        by_port = Words(conditions=(f"{field} {verdicts}",))
    else:
        held = f"map verdicts {{ type inet_service : verdict; elements = {verdicts}; }}"
        by_port = Words(conditions=(f"{field} @verdicts",), sets=(held,))
    return _address(dice, match, network, way) + by_port


def _pair(dice: Random, match: Match, network: Network, way: Way) -> Words:
    field = f"{network.family} {way.value}addr . {match.protocol} {way.value}port"
    other, _ = _OTHERS[network.family]
    if dice.random() < 0.5:
        pairs = f"{{ {match.host} . {match.port}, {other} . 99 }}"
        return Words(conditions=(f"{field} {pairs}",))
    type_ = f"{_address_type(network)} . inet_service"
    pairs = f"{{ {match.prefix} . {match.port}, {other} . 99-100 }}"
    held = f"set pairs {{ type {type_}; flags interval; elements = {pairs}; }}"
    return Words(conditions=(f"{field} @pairs",), sets=(held,))


def _address(dice: Random, match: Match, network: Network, way: Way) -> Words:
    if not match.prefix:
        return Words(conditions=())
    field = f"{network.family} {way.value}addr"
    other = _OTHERS[network.family][1]
    written = match.host or match.prefix
    shape = dice.choice(("plain", "plain", "written-out", "interval", "timeout"))
    if shape == "written-out":
        return Words(conditions=(f"{field} {{ {written}, {other} }}",))
    if shape == "interval":
        held = f"flags interval; elements = {{ {written}, {other} }};"
    elif shape == "timeout" and match.host:
        held = f"flags timeout; timeout 1d; elements = {{ {written} timeout 1h }};"
    else:
        return Words(conditions=(f"{field} {written}",))
    named = f"set blocked {{ type {_address_type(network)}; {held} }}"
    return Words(conditions=(f"{field} @blocked",), sets=(named,))


def _ports(dice: Random, match: Match, way: Way) -> Words:
    if not match.ports:
        return Words(conditions=(f"meta l4proto {match.protocol}",) if match.protocol else ())
    span = match.span("-")
    field = dice.choice(
        (
            f"{match.protocol} {way.value}port",
            f"meta l4proto {match.protocol} th {way.value}port",
        )
    )
    among = f"{{ {', '.join((span, *dice.sample(_OTHER_PORTS, 2)))} }}"
    shape = dice.choice(("plain", "plain", "written-out", "named"))
    if shape == "plain":
        return Words(conditions=(f"{field} {span}",))
    if shape == "written-out":
        return Words(conditions=(f"{field} {among}",))
    named = f"set doors {{ type inet_service; flags interval; elements = {among}; }}"
    return Words(conditions=(f"{field} @doors",), sets=(named,))


def _address_type(network: Network) -> str:
    return "ipv6_addr" if network.is_second else "ipv4_addr"
