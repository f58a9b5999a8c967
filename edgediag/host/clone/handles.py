"""Handles of the same object in two namespaces: the kernel numbers a copy anew.

Both dumps come in the same order, because the copy was made in the order of the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edgediag.host.attributes import attributes, big, text
from edgediag.host.clone.nft import VERBS, Kind, RuleSet
from edgediag.host.netfilter.rule import family_of

_TABLE = 1
_RULE_CHAIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a handle counts; `chain` is "" for all but rules."""

    kind: Kind
    family: str
    table: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """Handles of the copy by those of this host, and back."""

    copied: Mapping[Place, Mapping[int, int]]
    own: Mapping[Place, Mapping[int, int]]


def handles_of(host: RuleSet, copy: RuleSet) -> Handles | None:
    """Which handle became which, None where the two do not hold the same objects."""
    copied: dict[Place, dict[int, int]] = {}
    own: dict[Place, dict[int, int]] = {}
    for kind, verbs in VERBS.items():
        if verbs.handle is None:
            continue
        here, there = host.payloads.get(kind, ()), copy.payloads.get(kind, ())
        if len(here) != len(there):
            return None
        for first, second in zip(here, there, strict=True):
            place, name, old = _identity(kind, first)
            other, other_name, new = _identity(kind, second)
            if (place, name) != (other, other_name):
                return None
            copied.setdefault(place, {})[old] = new
            own.setdefault(place, {})[new] = old
    return Handles(copied=copied, own=own)


def _identity(kind: Kind, payload: bytes) -> tuple[Place, str, int]:
    found, verbs = attributes(payload[4:]), VERBS[kind]
    name = "" if verbs.name is None else text(found.get(verbs.name))
    table = "" if kind is Kind.TABLE else text(found.get(_TABLE))
    chain = text(found.get(_RULE_CHAIN)) if kind is Kind.RULE else ""
    place = Place(kind=kind, family=family_of(payload), table=table, chain=chain)
    return place, name, big(found.get(verbs.handle or 0))
