"""Decode the expressions of an nf_tables rule: one table, from the kernel's name to a decoder.

An expression that is not in the table stays as `Unknown` with its name; none is dropped.

source  include/uapi/linux/netfilter/nf_tables.h, nf_tables_compat.h
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from edgediag.host.attributes import attribute_list, attributes, big, native, nested, text
from edgediag.host.netfilter.expression import (
    Bitwise,
    Byteorder,
    Compare,
    CtLoad,
    Expression,
    FibLoad,
    ImmediateLoad,
    InRange,
    Lookup,
    MetaLoad,
    PayloadLoad,
    Unknown,
)
from edgediag.host.netfilter.statement import (
    ConnectionLimit,
    Counter,
    CtSet,
    Limit,
    Log,
    Masquerade,
    MetaSet,
    Nat,
    NoTrack,
    ObjectReference,
    PayloadSet,
    Queue,
    Quota,
    Redirect,
    Reject,
    Verdict,
    XtMatch,
    XtTarget,
)

Attributes: TypeAlias = dict[int, bytes]

LIST_ELEMENT: Final = 1
_EXPR_NAME, _EXPR_DATA = 1, 2
_DATA_VALUE, _DATA_VERDICT = 1, 2
_VERDICT_CODE, _VERDICT_CHAIN = 1, 2
_MOST_REMEMBERED: Final = 8192


def decode_expressions(octets: bytes) -> tuple[Expression, ...]:
    """The expressions in NFTA_RULE_EXPRESSIONS, in the order they are evaluated."""
    elements = (value for type_, value in attribute_list(octets) if type_ == LIST_ELEMENT)
    return tuple(decode_expression(element) for element in elements)


# Of the expressions of 50,000 rules of kube-proxy one in four is another than all before it.
@lru_cache(maxsize=_MOST_REMEMBERED)
def decode_expression(octets: bytes) -> Expression:
    """One expression (NFTA_EXPR_NAME, NFTA_EXPR_DATA)."""
    element = attributes(octets)
    name, data = text(element.get(_EXPR_NAME)), element.get(_EXPR_DATA, b"")
    decoder = DECODERS.get(name)
    return Unknown(name=name, attributes=data) if decoder is None else decoder(attributes(data))


def decode_verdict(verdict: Attributes) -> Verdict:
    """A verdict's code, signed, and its chain (NFTA_VERDICT_*)."""
    code = int.from_bytes(verdict.get(_VERDICT_CODE, b""), "big", signed=True)
    return Verdict(code=code, chain=text(verdict.get(_VERDICT_CHAIN)))


def slot_of(register: int) -> int:
    """The slot of a register in either numbering; -1 for the verdict register."""
    return register - 8 if register >= 8 else (register - 1) * 4 if register else -1


def _slot(found: Attributes, type_: int) -> int:
    return slot_of(big(found.get(type_)))


def _slots(found: Attributes, *types: int) -> tuple[int | None, int | None]:
    first, last = (_slot(found, type_) if type_ in found else None for type_ in types)
    return first, last


def _value(found: Attributes, type_: int) -> bytes:
    return nested(found, type_).get(_DATA_VALUE, b"")


def _payload(found: Attributes) -> PayloadLoad | PayloadSet:
    base, offset, length = (big(found.get(type_)) for type_ in (2, 3, 4))
    if 5 in found:
        return PayloadSet(base=base, offset=offset, length=length, slot=_slot(found, 5))
    return PayloadLoad(base=base, offset=offset, length=length, slot=_slot(found, 1))


def _meta(found: Attributes) -> MetaLoad | MetaSet:
    key = big(found.get(2))
    if 3 in found:
        return MetaSet(key=key, slot=_slot(found, 3))
    return MetaLoad(key=key, slot=_slot(found, 1))


def _ct(found: Attributes) -> CtLoad | CtSet:
    key = big(found.get(2))
    if 4 in found:
        return CtSet(key=key, slot=_slot(found, 4))
    direction = big(found[3]) if 3 in found else None
    return CtLoad(key=key, direction=direction, slot=_slot(found, 1))


def _immediate(found: Attributes) -> Verdict | ImmediateLoad:
    data = nested(found, 2)
    if _DATA_VERDICT in data:
        return decode_verdict(nested(data, _DATA_VERDICT))
    return ImmediateLoad(value=data.get(_DATA_VALUE, b""), slot=_slot(found, 1))


def _bitwise(found: Attributes) -> Bitwise:
    # Operation 0 is mask and xor; the shifts carry a number in this machine's byte order.
    direction = {1: 1, 2: -1}.get(big(found.get(6)), 0)
    return Bitwise(
        source=_slot(found, 1),
        slot=_slot(found, 2),
        mask=_value(found, 4),
        xor=_value(found, 5),
        shift=direction * native(_value(found, 7)),
    )


def _byteorder(found: Attributes) -> Byteorder:
    return Byteorder(
        source=_slot(found, 1),
        slot=_slot(found, 2),
        is_to_network=big(found.get(3)) == 1,
        octets=big(found.get(4)),
        unit=big(found.get(5)),
    )


def _compare(found: Attributes) -> Compare:
    return Compare(operator=big(found.get(2)), slot=_slot(found, 1), value=_value(found, 3))


def _range(found: Attributes) -> InRange:
    return InRange(
        is_negated=big(found.get(2)) == 1,
        slot=_slot(found, 1),
        first=_value(found, 3),
        last=_value(found, 4),
    )


def _lookup(found: Attributes) -> Lookup:
    return Lookup(
        set_name=text(found.get(1)),
        slot=_slot(found, 2),
        destination=_slot(found, 3) if 3 in found else None,
        is_negated=bool(big(found.get(5)) & 1),
    )


def _fib(found: Attributes) -> FibLoad:
    return FibLoad(result=big(found.get(2)), flags=big(found.get(3)), slot=_slot(found, 1))


def _limit(found: Attributes) -> Limit:
    rate, unit_s, burst, type_, flags = (big(found.get(key)) for key in (1, 2, 3, 4, 5))
    is_octets, is_over = type_ == 1, bool(flags & 1)
    return Limit(rate=rate, unit_s=unit_s, burst=burst, is_octets=is_octets, is_over=is_over)


def _log(found: Attributes) -> Log:
    return Log(
        prefix=text(found.get(2)),
        group=big(found[1]) if 1 in found else None,
        snap_length=big(found.get(3)),
        queue_threshold=big(found.get(4)),
        level=big(found[5]) if 5 in found else None,
        flags=big(found.get(6)),
    )


def _nat(found: Attributes) -> Nat:
    type_, family, flags = (big(found.get(key)) for key in (1, 2, 7))
    address, port = _slots(found, 3, 4), _slots(found, 5, 6)
    return Nat(type_=type_, family=family, address=address, port=port, flags=flags)


def _queue(found: Attributes) -> Queue:
    return Queue(first=big(found.get(1)), count=big(found.get(2)), flags=big(found.get(3)))


def _match(found: Attributes) -> XtMatch:
    return XtMatch(name=text(found.get(1)), revision=big(found.get(2)), info=found.get(3, b""))


def _target(found: Attributes) -> XtTarget:
    return XtTarget(name=text(found.get(1)), revision=big(found.get(2)), info=found.get(3, b""))


DECODERS: Final[Mapping[str, Callable[[Attributes], Expression]]] = {
    "bitwise": _bitwise,
    "byteorder": _byteorder,
    "cmp": _compare,
    "connlimit": lambda found: ConnectionLimit(
        count=big(found.get(1)), is_over=bool(big(found.get(2)) & 1)
    ),
    "counter": lambda found: Counter(octets=big(found.get(1)), packets=big(found.get(2))),
    "ct": _ct,
    "fib": _fib,
    "immediate": _immediate,
    "limit": _limit,
    "log": _log,
    "lookup": _lookup,
    "masq": lambda found: Masquerade(flags=big(found.get(1)), port=_slots(found, 2, 3)),
    "match": _match,
    "meta": _meta,
    "nat": _nat,
    "notrack": lambda found: NoTrack(),
    "objref": lambda found: ObjectReference(type_=big(found.get(1)), name=text(found.get(2))),
    "payload": _payload,
    "queue": _queue,
    "quota": lambda found: Quota(octets=big(found.get(1)), is_over=bool(big(found.get(2)) & 1)),
    "range": _range,
    "redir": lambda found: Redirect(flags=big(found.get(3)), port=_slots(found, 1, 2)),
    "reject": lambda found: Reject(type_=big(found.get(1)), code=big(found.get(2))),
    "target": _target,
}
