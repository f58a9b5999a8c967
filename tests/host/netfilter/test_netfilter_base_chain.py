"""Base chains and sets from exact octets, and from any octets."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest, string
from edgediag.host.netfilter.base_chain import decode_base_chain, decode_contents, decode_fields
from edgediag.host.netfilter.chains import Backend, BaseChain, ChainName, Element, SetContents
from edgediag.host.netfilter.statement import Verdict

HEAD = struct.pack("=BBH", 1, 0, 0)
NAMED = string(1, "t") + string(3, "c")


def test_a_base_chain_with_a_priority_below_zero() -> None:
    octets = HEAD + NAMED + nest(4, big32(1, 3), big32(2, -150)) + string(7, "route") + big32(5, 0)
    assert decode_base_chain(octets) == BaseChain(
        name=ChainName(backend=Backend.NFT, family="inet", table="t", chain="c"),
        hook="output",
        priority=-150,
        type_="route",
        policy="drop",
        devices=(),
    )


def test_a_chain_of_the_users_own_is_none() -> None:
    assert decode_base_chain(HEAD + NAMED) is None


def test_the_parts_of_a_concatenated_key() -> None:
    parts = nest(2, nest(1, big32(1, 4)), nest(1, big32(1, 2)))
    assert decode_fields(HEAD + nest(9, parts)) == (4, 2)


def test_a_verdict_map_with_a_limit_of_its_own() -> None:
    verdict = nest(2, nest(2, big32(1, 0)))
    element = nest(1, nest(1, attribute(1, b"\x11\x94")), verdict, nest(7, string(1, "limit")))
    assert decode_contents(HEAD, [HEAD + nest(3, element)]) == SetContents(
        fields=(),
        elements=(
            Element(
                first=b"\x11\x94",
                last=b"\x11\x94",
                data=b"",
                verdict=Verdict(code=0, chain=""),
                condition="limit",
            ),
        ),
    )


def test_a_map_whose_ranges_leave_nothing_out_has_no_end_at_all() -> None:
    def element(key: bytes, code: int) -> bytes:
        return nest(1, nest(1, attribute(1, key)), nest(2, nest(2, big32(1, code))))

    described = HEAD + string(2, "m") + big32(3, 0x4 | 0x8)
    elements = nest(3, element(b"\0\0", 0), element(b"\x80\0", 1))
    found = decode_contents(described, [HEAD + elements]).elements
    assert [(item.first, item.last) for item in found] == [
        (b"\0\0", b"\x7f\xff"),
        (b"\x80\0", b"\xff\xff"),
    ]


@given(st.binary(max_size=96))
def test_any_octets_give_a_value_or_none_never_an_exception(octets: bytes) -> None:
    decode_base_chain(HEAD + octets)
    decode_fields(HEAD + octets)
    decode_contents(HEAD + octets, [HEAD + octets])
