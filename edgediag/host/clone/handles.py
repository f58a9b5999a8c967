"""Handles of the same object in two namespaces: the kernel numbers a copy anew.

A table hands out 1, 2, 3 to whatever is made in it, in the order of the transaction. So the
handles of a copy are known beforehand, and all are right when that of the last object is.

source  net/netfilter/nf_tables_api.c, nf_tables_alloc_handle
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgediag.host.attributes import attributes, big, text
from edgediag.host.clone.nft import VERBS, Kind, RuleSet
from edgediag.host.netfilter.rule import family_of

_TABLE = 1
_RULE_CHAIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a handle counts; `table` is "" for those of tables, `chain` for all but rules."""

    kind: Kind
    family: str
    table: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """Something with a handle; `name` is "" for a rule."""

    place: Place
    name: str
    handle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """Handles of the copy by those of this host, and back.

    tables  of the copy, as it was made
    last    of each table what was made last, with the handle that it should have in the copy
    """

    copied: Mapping[Place, Mapping[int, int]]
    own: Mapping[Place, Mapping[int, int]]
    tables: tuple[Object, ...]
    last: tuple[Object, ...]


def expected_handles(host: RuleSet, tables: Sequence[bytes]) -> Handles:
    """What the handles of a copy have to be.

    tables  as dumped in the copy: their own handles count for all namespaces together
    """
    copied: dict[Place, dict[int, int]] = {}
    counts: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], Object] = {}
    for kind in Kind:
        if kind is Kind.TABLE or VERBS[kind].handle is None:
            continue
        for payload in host.payloads.get(kind, ()):
            found = decode_object(kind, payload)
            table = found.place.family, found.place.table
            counts[table] = counts.get(table, 0) + 1
            copied.setdefault(found.place, {})[found.handle] = counts[table]
            last[table] = Object(place=found.place, name=found.name, handle=counts[table])
    for payload, there in zip(host.payloads.get(Kind.TABLE, ()), tables):
        here, other = (decode_object(Kind.TABLE, each) for each in (payload, there))
        if here.name == other.name:
            copied.setdefault(here.place, {})[here.handle] = other.handle
    own = {place: {new: old for old, new in pairs.items()} for place, pairs in copied.items()}
    return Handles(
        copied=copied,
        own=own,
        tables=tuple(decode_object(Kind.TABLE, payload) for payload in tables),
        last=tuple(last.values()),
    )


def surviving(handles: Handles, tables: Sequence[bytes]) -> Handles:
    """Those of tables that are still the same: one that is made anew counts from 1 again.

    tables  as dumped in the copy by now
    """
    now = {decode_object(Kind.TABLE, payload) for payload in tables}
    kept = {(table.place.family, table.name) for table in handles.tables if table in now}
    own = {
        place: pairs
        for place, pairs in handles.own.items()
        if (place.family, place.table) in kept
    }
    return replace(handles, own=own)


def decode_object(kind: Kind, payload: bytes) -> Object:
    """The name and handle in a message of a dump; empty or 0 where it does not say."""
    found, verbs = attributes(payload[4:]), VERBS[kind]
    place = Place(
        kind=kind,
        family=family_of(payload),
        table="" if kind is Kind.TABLE else text(found.get(_TABLE)),
        chain=text(found.get(_RULE_CHAIN)) if kind is Kind.RULE else "",
    )
    name = "" if verbs.name is None else text(found.get(verbs.name))
    return Object(place=place, name=name, handle=big(found.get(verbs.handle or 0)))
