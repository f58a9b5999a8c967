"""The expressions of a rule, decoded."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest, string
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
from edgediag.host.netfilter.nft import (
    DECODERS,
    decode_expression,
    decode_expressions,
    slot_of,
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


def big16(type_: int, number: int) -> bytes:
    return attribute(type_, number.to_bytes(2, "big"))


def big64(type_: int, number: int) -> bytes:
    return attribute(type_, number.to_bytes(8, "big"))


def data(type_: int, value: bytes) -> bytes:
    return nest(type_, attribute(1, value))


def expression(name: str, *attributes: bytes) -> bytes:
    return string(1, name) + nest(2, *attributes)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(
            expression("payload", big32(1, 9), big32(2, 2), big32(3, 2), big32(4, 2)),
            PayloadLoad(base=2, offset=2, length=2, slot=1),
            id="payload load",
        ),
        pytest.param(
            expression("payload", big32(5, 1), big32(2, 1), big32(3, 8), big32(4, 1)),
            PayloadSet(base=1, offset=8, length=1, slot=0),
            id="payload write",
        ),
        pytest.param(
            expression("meta", big32(1, 1), big32(2, 3)), MetaLoad(key=3, slot=0), id="meta"
        ),
        pytest.param(
            expression("meta", big32(3, 2), big32(2, 3)), MetaSet(key=3, slot=4), id="meta set"
        ),
        pytest.param(
            expression("ct", big32(1, 1), big32(2, 0)),
            CtLoad(key=0, direction=None, slot=0),
            id="ct",
        ),
        pytest.param(
            expression("ct", big32(1, 1), big32(2, 19), attribute(3, b"\0")),
            CtLoad(key=19, direction=0, slot=0),
            id="ct of one direction",
        ),
        pytest.param(expression("ct", big32(4, 1), big32(2, 3)), CtSet(key=3, slot=0), id="ct set"),
        pytest.param(
            expression("fib", big32(1, 1), big32(2, 3), big32(3, 2)),
            FibLoad(result=3, flags=2, slot=0),
            id="fib",
        ),
        pytest.param(
            expression("immediate", big32(1, 1), data(2, b"\x40\0\0\0")),
            ImmediateLoad(value=b"\x40\0\0\0", slot=0),
            id="constant",
        ),
        pytest.param(
            expression("immediate", big32(1, 0), nest(2, nest(2, big32(1, -3), string(2, "z")))),
            Verdict(code=-3, chain="z"),
            id="verdict",
        ),
        pytest.param(
            expression("cmp", big32(1, 1), big32(2, 1), data(3, b"\x11")),
            Compare(operator=1, slot=0, value=b"\x11"),
            id="cmp",
        ),
        pytest.param(
            expression("range", big32(1, 1), big32(2, 1), data(3, b"\1"), data(4, b"\2")),
            InRange(is_negated=True, slot=0, first=b"\1", last=b"\2"),
            id="range",
        ),
        pytest.param(
            expression("lookup", string(1, "s"), big32(2, 1), big32(5, 1)),
            Lookup(set_name="s", slot=0, destination=None, is_negated=True),
            id="lookup",
        ),
        pytest.param(
            expression("lookup", string(1, "m"), big32(2, 1), big32(3, 0)),
            Lookup(set_name="m", slot=0, destination=-1, is_negated=False),
            id="lookup of a verdict",
        ),
        pytest.param(
            expression("bitwise", big32(1, 1), big32(2, 2), data(4, b"\xff"), data(5, b"\0")),
            Bitwise(source=0, slot=4, mask=b"\xff", xor=b"\0", shift=0),
            id="bitwise",
        ),
        pytest.param(
            expression(
                "bitwise",
                big32(1, 1),
                big32(2, 1),
                big32(6, 2),
                data(7, (8).to_bytes(4, sys.byteorder)),
            ),
            Bitwise(source=0, slot=0, mask=b"", xor=b"", shift=-8),
            id="shift to the right",
        ),
        pytest.param(
            expression("byteorder", big32(1, 1), big32(2, 1), big32(3, 1)),
            Byteorder(source=0, slot=0, is_to_network=True, octets=0, unit=0),
            id="byteorder",
        ),
        pytest.param(
            expression("counter", big64(1, 84), big64(2, 3)),
            Counter(packets=3, octets=84),
            id="counter",
        ),
        pytest.param(
            expression("limit", big64(1, 10), big64(2, 60), big32(3, 5), big32(4, 1), big32(5, 1)),
            Limit(rate=10, unit_s=60, burst=5, is_octets=True, is_over=True),
            id="limit",
        ),
        pytest.param(
            expression("log", big16(1, 2), string(2, "x"), big32(3, 64), big16(4, 5)),
            Log(prefix="x", group=2, snap_length=64, queue_threshold=5, level=None, flags=0),
            id="log to a group: two numbers of 16 bits",
        ),
        pytest.param(
            expression("log", big32(5, 4), big32(6, 8)),
            Log(prefix="", group=None, snap_length=0, queue_threshold=0, level=4, flags=8),
            id="log to the kernel",
        ),
        pytest.param(
            expression("nat", big32(1, 1), big32(2, 2), big32(3, 1), big32(5, 2), big32(7, 3)),
            Nat(type_=1, family=2, address=(0, None), port=(4, None), flags=3),
            id="nat",
        ),
        pytest.param(
            expression("masq", big32(1, 4), big32(2, 1), big32(3, 2)),
            Masquerade(port=(0, 4), flags=4),
            id="masq",
        ),
        pytest.param(
            expression("redir", big32(1, 1)), Redirect(port=(0, None), flags=0), id="redir"
        ),
        pytest.param(
            expression("reject", big32(1, 0), attribute(2, b"\x0d")),
            Reject(type_=0, code=13),
            id="reject",
        ),
        pytest.param(
            expression("quota", big64(1, 26214400), big32(2, 1)),
            Quota(octets=26214400, is_over=True),
            id="quota: 64 bits",
        ),
        pytest.param(
            expression("queue", big16(1, 0), big16(2, 4), big16(3, 1)),
            Queue(first=0, count=4, flags=1),
            id="queue",
        ),
        pytest.param(
            expression("connlimit", big32(1, 10), big32(2, 1)),
            ConnectionLimit(count=10, is_over=True),
            id="connlimit",
        ),
        pytest.param(
            expression("objref", big32(1, 1), string(2, "c")),
            ObjectReference(type_=1, name="c"),
            id="objref",
        ),
        pytest.param(expression("notrack"), NoTrack(), id="notrack"),
        pytest.param(
            expression("match", string(1, "udp"), big32(2, 0), attribute(3, b"\1")),
            XtMatch(name="udp", revision=0, info=b"\1"),
            id="match",
        ),
        pytest.param(
            expression("target", string(1, "REJECT"), big32(2, 0), attribute(3, b"\1")),
            XtTarget(name="REJECT", revision=0, info=b"\1"),
            id="target",
        ),
        pytest.param(
            expression("osf", big32(1, 1)), Unknown(name="osf", attributes=big32(1, 1)), id="kept"
        ),
    ],
)
def test_an_expression(octets: bytes, expected: Expression) -> None:
    assert decode_expression(octets) == expected


@pytest.mark.parametrize(
    ("register", "slot"),
    [
        pytest.param(0, -1, id="the verdict"),
        pytest.param(1, 0, id="the first of 16 octets"),
        pytest.param(4, 12, id="the last of 16 octets"),
        pytest.param(8, 0, id="the first of 4 octets is the same"),
        pytest.param(23, 15, id="the last of 4 octets"),
    ],
)
def test_both_numberings_of_registers(register: int, slot: int) -> None:
    assert slot_of(register) == slot


def test_expressions_keep_their_order() -> None:
    octets = nest(1, expression("counter")) + nest(1, expression("notrack"))
    assert decode_expressions(octets) == (Counter(packets=0, octets=0), NoTrack())


@given(st.sampled_from([*DECODERS, "?"]), st.binary(max_size=120))
def test_any_attributes_are_an_expression_never_an_exception(name: str, octets: bytes) -> None:
    assert decode_expression(string(1, name) + attribute(2, octets)) is not None


@given(st.binary())
def test_any_octets_are_expressions_never_an_exception(octets: bytes) -> None:
    assert isinstance(decode_expressions(octets), tuple)
