"""Which names a resolver library asks for in the stead of one that a program gives it."""

from collections.abc import Iterable, Mapping, Sequence

from edgediag.model.answer import NotChecked
from edgediag.model.cluster import SearchList
from edgediag.model.flow import Address
from edgediag.model.outcome import Outcome
from edgediag.names.addresses import addresses_in
from edgediag.names.doubt import is_denial


def candidates(name: str, search: SearchList | NotChecked) -> tuple[str, ...]:
    """The names in the order in which they are asked for until one has an address.

    A name with a dot at its end, or with as many dots as `ndots` says, is asked for as it is
    first; one with fewer comes behind all domains.

    source  glibc resolv/res_query.c, __res_context_search; resolv.conf(5); RFC 1535 §6
    """
    if isinstance(search, NotChecked) or name.endswith("."):
        return (name,)
    if "." not in name and search.is_never_bare:
        return tuple(f"{name}.{domain}" for domain in search.domains if domain) or (name,)
    # The root on the list stands for the name as it is.
    behind = [f"{name}.{domain}" if domain else name for domain in search.domains]
    is_first = name.count(".") >= search.ndots
    ordered = (name, *behind) if is_first else (*behind, name)
    return tuple(dict.fromkeys(ordered))


def asked_before(
    names: Iterable[str], search: SearchList | NotChecked
) -> dict[str, tuple[str, ...]]:
    """By name, what programs ask for before they ask for the name itself; most have nothing."""
    known = {name: candidates(name, search) for name in names}
    before = {name: asked[: asked.index(name)] for name, asked in known.items() if name in asked}
    return {name: asked for name, asked in before.items() if asked}


def stand_ins(
    names: Iterable[str], outcomes: Sequence[Outcome], search: SearchList | NotChecked
) -> dict[str, tuple[str, ...]]:
    """By name that programs do not get as it is, what they ask for until one has an address.

    It is denied, or another that comes before it has an address: of a domain that gives one for
    every name, nobody comes as far as the name that is meant (RFC 1535 §2).

    outcomes  of the queries for the names as they are, and of those that come before them
    """
    names = tuple(names)
    told = {outcome.probe.name for outcome in outcomes if addresses_in(outcome)}
    denied = {outcome.probe.name for outcome in outcomes if is_denial(outcome)} - told
    overtaken = {name for name, asked in asked_before(names, search).items() if told & {*asked}}
    asked = {name: candidates(name, search) for name in names if name in denied | overtaken}
    return {name: known for name, known in asked.items() if known != (name,)}


def with_stand_ins(
    known: Mapping[str, tuple[Address, ...]], asked: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[Address, ...]]:
    """The addresses by name, those of the first that has any for what others stand for.

    asked  of `stand_ins`
    """
    found = {
        name: next((known[other] for other in names if other in known), ())
        for name, names in asked.items()
    }
    return {**known, **{name: addresses for name, addresses in found.items() if addresses}}


def is_followed(name: str, search: SearchList | NotChecked) -> bool:
    """False if what programs ask for in the stead of the name is not known."""
    return "." in name or not isinstance(search, NotChecked)
