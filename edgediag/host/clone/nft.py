"""Objects of nf_tables as dumped, as the messages of one transaction that makes them anew.

Left out is what only the kernel may say: handles, use counts, the owner of a table. Kept is all
else: user data, counters, the names of anonymous sets. Names decide how expressions find sets and
chains, so that nothing inside of a rule has to be changed.

source  include/uapi/linux/netfilter/nf_tables.h; net/netfilter/nf_tables_api.c
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.host.attributes import attribute_list, attributes, big, big32, nest
from edgediag.host.clone.compat import compat
from edgediag.host.clone.pieces import without
from edgediag.host.netfilter.base_chain import TABLE_F_DORMANT, TABLE_FLAGS

_NFGENMSG_OCTETS: Final = 4
_CHAIN_FLAGS, _CHAIN_F_BASE = 10, 1
_FLOWTABLE_FLAGS, _FLOWTABLE_F_COUNTER = 7, 2
_SET_ID: Final = 10
_RULE_EXPRESSIONS: Final = 4
_ELEMENTS, _ELEMENT = 3, 1
_EXPIRATION: Final = frozenset({5})


class Kind(Enum):
    """A kind of object; in the order in which they can refer to each other."""

    TABLE = "table"
    CHAIN = "chain"
    OBJECT = "object"
    FLOWTABLE = "flowtable"
    SET = "set"
    ELEMENTS = "elements"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """How a kind is asked for and made (NFT_MSG_*), and the attributes that the kernel alone sets.

    name, handle  the attributes that hold them; None where a kind has none
    """

    get: int
    new: int
    left_out: frozenset[int]
    name: int | None
    handle: int | None


VERBS: Final[Mapping[Kind, Verbs]] = {
    # Use, handle, padding, owner; flags are written anew.
    Kind.TABLE: Verbs(get=1, new=0, left_out=frozenset({2, 3, 4, 5, 7}), name=1, handle=4),
    Kind.CHAIN: Verbs(get=4, new=3, left_out=frozenset({2, 6, 9, 10, 11}), name=3, handle=2),
    Kind.OBJECT: Verbs(get=19, new=18, left_out=frozenset({5, 6, 7}), name=2, handle=6),
    Kind.FLOWTABLE: Verbs(get=23, new=22, left_out=frozenset({4, 5, 6, 7}), name=2, handle=5),
    # Id, padding, handle, the kernel's data structure and its count of elements.
    Kind.SET: Verbs(get=10, new=9, left_out=frozenset({10, 14, 16, 19, 20}), name=2, handle=16),
    Kind.ELEMENTS: Verbs(get=13, new=12, left_out=frozenset({3, 4}), name=None, handle=None),
    # The padding and ids of a transaction long gone; the position is another rule's handle.
    Kind.RULE: Verbs(
        get=7, new=6, left_out=frozenset({3, 5, 6, 8, 9, 10, 11}), name=None, handle=3
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All of nf_tables in one namespace: the payloads of each kind in the order of the dump."""

    payloads: Mapping[Kind, Sequence[bytes]]


def rebuilt(rules: RuleSet) -> Iterator[tuple[int, bytes]]:
    """Type (NFT_MSG_*) and payload of each message that makes them, in order."""
    for kind in Kind:
        verbs = VERBS[kind]
        for number, payload in enumerate(rules.payloads.get(kind, ()), start=1):
            yield verbs.new, copied(kind, payload, number=number)


def copied(kind: Kind, payload: bytes, *, number: int) -> bytes:
    """One object as a request to make it.

    number  names a set within its transaction; the kernel insists on one
    """
    head = bytes(payload[:2]).ljust(_NFGENMSG_OCTETS, b"\0")
    body = payload[_NFGENMSG_OCTETS:]
    kept = without(body, VERBS[kind].left_out)
    match kind:
        case Kind.TABLE:
            flags = big(attributes(body).get(TABLE_FLAGS)) & TABLE_F_DORMANT
            return head + kept + big32(TABLE_FLAGS, flags)
        case Kind.CHAIN:
            # Neither offloaded to a device nor bound to one rule: an ordinary chain does the same.
            flags = big(attributes(body).get(_CHAIN_FLAGS)) & _CHAIN_F_BASE
            return head + kept + (big32(_CHAIN_FLAGS, flags) if flags else b"")
        case Kind.FLOWTABLE:
            flags = big(attributes(body).get(_FLOWTABLE_FLAGS)) & _FLOWTABLE_F_COUNTER
            return head + kept + (big32(_FLOWTABLE_FLAGS, flags) if flags else b"")
        case Kind.SET:
            return head + kept + big32(_SET_ID, number)
        case Kind.ELEMENTS:
            return head + kept + _elements(body)
        case Kind.RULE:
            return head + kept + compat(attributes(body).get(_RULE_EXPRESSIONS, b""))
        case Kind.OBJECT:
            return head + kept


def _elements(body: bytes) -> bytes:
    """The list of elements, each for its whole time: what is left of it may be over by now."""
    listed = attribute_list(attributes(body).get(_ELEMENTS, b""))
    members = (value for type_, value in listed if type_ == _ELEMENT)
    return nest(_ELEMENTS, *(nest(_ELEMENT, without(each, _EXPIRATION)) for each in members))
