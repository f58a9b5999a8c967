"""Objects of nf_tables as messages that make them anew, and the handles that these get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, attributes, big32, nest, string
from edgediag.host.clone.compat import compat
from edgediag.host.clone.handles import Object, Place, decode_object, expected_handles, surviving
from edgediag.host.clone.nft import Kind, RuleSet, copied, rebuilt
from edgediag.host.clone.pieces import only, pieces, without

INET = b"\x01\x00\x00\x07"
MADE = b"\x01\x00\x00\x00"
TABLE = string(1, "t")


def handle(type_: int, number: int) -> bytes:
    return attribute(type_, number.to_bytes(8, "big"))


def expression(name: str, *data: bytes) -> bytes:
    return nest(1, string(1, name), nest(2, *data))


L4PROTO = expression("meta", big32(2, 16), big32(1, 1))
UDP = expression("cmp", big32(1, 1), big32(2, 0), nest(3, attribute(1, b"\x11")))
NOT_TCP = expression("cmp", big32(1, 1), big32(2, 1), nest(3, attribute(1, b"\x06")))
PROTOCOL_V4 = expression("payload", big32(1, 1), big32(2, 1), big32(3, 9), big32(4, 1))
MULTIPORT = expression("match", string(1, "multiport"), big32(2, 1), attribute(3, bytes(48)))


def rule(chain: str, number: int) -> bytes:
    return INET + TABLE + string(2, chain) + handle(3, number)


@pytest.mark.parametrize(
    ("kind", "dumped", "made"),
    [
        pytest.param(
            Kind.TABLE,
            TABLE + big32(2, 3) + big32(3, 9) + handle(4, 1) + attribute(6, b"u") + big32(7, 55),
            TABLE + attribute(6, b"u") + big32(2, 1),
            id="a table is nobody's, and asleep if it was",
        ),
        pytest.param(
            Kind.CHAIN,
            TABLE + handle(2, 4) + string(3, "__chain1") + big32(6, 1) + big32(10, 4),
            TABLE + string(3, "__chain1"),
            id="a chain bound to a rule is an ordinary one",
        ),
        pytest.param(
            Kind.CHAIN,
            TABLE + string(3, "c") + nest(4, big32(1, 3)) + big32(5, 0) + big32(10, 1),
            TABLE + string(3, "c") + nest(4, big32(1, 3)) + big32(5, 0) + big32(10, 1),
            id="a base chain keeps hook and policy",
        ),
        pytest.param(
            Kind.OBJECT,
            TABLE + string(2, "q") + big32(3, 2) + nest(4, big32(1, 5)) + big32(5, 1),
            TABLE + string(2, "q") + big32(3, 2) + nest(4, big32(1, 5)),
            id="an object",
        ),
        pytest.param(
            Kind.FLOWTABLE,
            TABLE + string(2, "f") + nest(3, big32(1, 0)) + big32(4, 1) + big32(7, 3),
            TABLE + string(2, "f") + nest(3, big32(1, 0)) + big32(7, 2),
            id="a flowtable is not offloaded",
        ),
        pytest.param(
            Kind.SET,
            TABLE + string(2, "__set0") + big32(3, 3) + handle(16, 9) + string(19, "nft_set_x"),
            TABLE + string(2, "__set0") + big32(3, 3) + big32(10, 6),
            id="a set has an id within the transaction",
        ),
        pytest.param(
            Kind.ELEMENTS,
            TABLE + string(2, "s") + nest(3, nest(1, nest(1, attribute(1, b"k")), handle(5, 9))),
            TABLE + string(2, "s") + nest(3, nest(1, nest(1, attribute(1, b"k")))),
            id="an element begins its time anew",
        ),
        pytest.param(
            Kind.RULE,
            TABLE + string(2, "c") + handle(3, 9) + nest(4, UDP) + handle(6, 8) + string(7, "u"),
            TABLE + string(2, "c") + nest(4, UDP) + string(7, "u"),
            id="a rule has no handle and no place yet",
        ),
        pytest.param(
            Kind.RULE,
            TABLE + string(2, "c") + nest(4, L4PROTO, UDP, MULTIPORT),
            TABLE
            + string(2, "c")
            + nest(4, L4PROTO, UDP, MULTIPORT)
            + nest(5, big32(1, 17), big32(2, 0)),
            id="an extension is told the protocol",
        ),
    ],
)
def test_a_dumped_object_is_made_anew(kind: Kind, dumped: bytes, made: bytes) -> None:
    assert copied(kind, INET + dumped, number=6) == MADE + made


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        pytest.param(L4PROTO + UDP, b"", id="no extension"),
        pytest.param(MULTIPORT, nest(5, big32(1, 0), big32(2, 0)), id="no protocol"),
        pytest.param(
            L4PROTO + NOT_TCP + MULTIPORT, nest(5, big32(1, 6), big32(2, 2)), id="all but one"
        ),
        pytest.param(
            PROTOCOL_V4 + UDP + MULTIPORT,
            nest(5, big32(1, 17), big32(2, 0)),
            id="the protocol in the header of IPv4",
        ),
    ],
)
def test_what_an_extension_is_told_follows_from_the_rule(
    expressions: bytes, expected: bytes
) -> None:
    assert compat(expressions) == expected


def test_objects_are_made_before_what_refers_to_them() -> None:
    payloads = {kind: (INET + TABLE,) for kind in reversed(Kind)}
    assert [type_ for type_, _ in rebuilt(RuleSet(payloads=payloads))] == [0, 3, 18, 22, 9, 12, 6]


def test_a_copy_counts_its_handles_from_one() -> None:
    table = INET + TABLE + handle(4, 40)
    rules = RuleSet(
        payloads={
            Kind.TABLE: (table,),
            Kind.CHAIN: (INET + TABLE + handle(2, 7) + string(3, "a"),),
            Kind.SET: (INET + TABLE + string(2, "s") + handle(16, 9),),
            Kind.RULE: (rule("a", 30), rule("a", 12), rule("b", 31)),
        }
    )
    handles = expected_handles(rules, (INET + TABLE + handle(4, 81),))
    a, b, set_ = (
        Place(kind=kind, family="inet", table="t", chain=chain)
        for kind, chain in ((Kind.RULE, "a"), (Kind.RULE, "b"), (Kind.SET, ""))
    )
    tables = Place(kind=Kind.TABLE, family="inet", table="", chain="")
    assert handles.copied[a] == {30: 3, 12: 4}
    assert handles.copied[set_] == {9: 2}
    assert handles.copied[tables] == {40: 81}
    assert handles.own[b] == {5: 31}
    assert handles.last == (Object(place=b, name="", handle=5),)


def test_a_table_made_anew_counts_again() -> None:
    table, other = INET + TABLE + handle(4, 40), INET + string(1, "u") + handle(4, 41)
    rules = RuleSet(
        payloads={
            Kind.TABLE: (table, other),
            Kind.RULE: (rule("a", 30), INET + string(1, "u") + string(2, "b") + handle(3, 7)),
        }
    )
    handles = expected_handles(rules, (table, other))
    here, there = (
        Place(kind=Kind.RULE, family="inet", table=name, chain=chain)
        for name, chain in (("t", "a"), ("u", "b"))
    )
    assert set(surviving(handles, (table, other)).own) == {here, there}
    again = INET + TABLE + handle(4, 42)
    assert set(surviving(handles, (again, other)).own) == {there}


def test_pieces_keep_their_headers_and_padding() -> None:
    octets = string(1, "ab") + nest(2, big32(3, 4))
    assert b"".join(piece for _, piece in pieces(octets)) == octets
    assert without(octets, frozenset({1})) == nest(2, big32(3, 4))
    assert only(octets, frozenset({1})) == string(1, "ab")


@given(st.sampled_from(tuple(Kind)), st.binary(max_size=200))
def test_whatever_the_kernel_says_gives_a_message(kind: Kind, payload: bytes) -> None:
    made = copied(kind, payload, number=1)
    assert len(made) >= 4
    assert attributes(made[4:]).keys() is not None
    assert decode_object(kind, payload).place.kind is kind


@given(st.binary(max_size=200))
def test_whatever_the_expressions_there_is_an_answer(octets: bytes) -> None:
    assert isinstance(compat(octets), bytes)
    assert isinstance(compat(octets + MULTIPORT), bytes)


@given(st.lists(st.binary(max_size=60), max_size=5), st.lists(st.binary(max_size=60), max_size=2))
def test_whatever_the_dump_handles_are_counted(dumped: list[bytes], tables: list[bytes]) -> None:
    rules = RuleSet(payloads={kind: tuple(dumped) for kind in Kind})
    assert expected_handles(rules, tables).copied is not None
