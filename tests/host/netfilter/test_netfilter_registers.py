"""Registers while a rule is read: masks, parts, and what the headers are known to be."""

import sys

import pytest

from edgediag.host.netfilter.expression import Bitwise, Byteorder, MetaLoad, PayloadLoad
from edgediag.host.netfilter.layers import Layers
from edgediag.host.netfilter.masks import masked
from edgediag.host.netfilter.register import Operand, spanned, split_key
from edgediag.host.netfilter.register_file import RegisterFile

MARK = Operand(text="meta mark", kind="mark")
ONES = b"\xff\xff\xff\xff"
L4PROTO = Operand(text="meta l4proto", kind="protocol", octets=1)


def bitwise(mask: bytes = b"", xor: bytes = bytes(4), shift: int = 0) -> Bitwise:
    return Bitwise(source=0, slot=0, mask=mask, xor=xor, shift=shift)


@pytest.mark.parametrize(
    ("operand", "change", "words"),
    [
        pytest.param(MARK, bitwise(ONES), "meta mark", id="every bit: nothing changes"),
        pytest.param(MARK, bitwise(b"\0\0\0\xff"), "meta mark & 0x000000ff", id="and"),
        pytest.param(MARK, bitwise(ONES, b"\0\0\0\1"), "meta mark ^ 0x00000001", id="xor"),
        pytest.param(
            MARK, bitwise(b"\xff\xff\xff\xbf", b"\0\0\0\x40"), "meta mark | 0x00000040", id="or"
        ),
        pytest.param(
            MARK,
            bitwise(b"\0\0\xff\xff", b"\0\0\0\1"),
            "meta mark & 0x0000ffff ^ 0x00000001",
            id="and, xor",
        ),
        pytest.param(MARK, bitwise(shift=8), "meta mark << 8", id="to the left"),
        pytest.param(MARK, bitwise(shift=-8), "meta mark >> 8", id="to the right"),
        pytest.param(Operand(text="@nh,8,8"), bitwise(b"\xfc", b"\0"), "ip dscp", id="a field"),
    ],
)
def test_a_register_after_bitwise(operand: Operand, change: Bitwise, words: str) -> None:
    assert masked(operand, change, "ip")[0].masked_text == words


def test_a_concatenation_begins_each_part_at_a_slot() -> None:
    address, port = Operand(text="ip saddr", octets=4), Operand(text="tcp dport", octets=2)
    assert spanned({0: address, 1: port, 5: MARK}, 0) == (address, port)
    assert split_key(b"abcdef\0\0", (address, port)) == (b"abcd", b"ef")


@pytest.mark.parametrize(
    ("known", "load", "text"),
    [
        pytest.param(17, PayloadLoad(base=2, offset=2, length=2, slot=0), "udp dport", id="UDP"),
        pytest.param(6, PayloadLoad(base=2, offset=13, length=1, slot=0), "tcp flags", id="TCP"),
        pytest.param(0, PayloadLoad(base=2, offset=2, length=2, slot=0), "th dport", id="unknown"),
        pytest.param(
            17, PayloadLoad(base=2, offset=13, length=1, slot=0), "@th,104,8", id="no field"
        ),
        pytest.param(17, PayloadLoad(base=9, offset=0, length=1, slot=0), "@9,0,8", id="no header"),
    ],
)
def test_a_header_is_known_from_the_conditions_before(
    known: int, load: PayloadLoad, text: str
) -> None:
    layers = Layers("ip")
    if known:
        layers.learn(L4PROTO, bytes([known]), 0)
    fields, _ = layers.fields_of(load)
    assert [field.text for field in fields] == [text]


def test_a_condition_is_needless_once() -> None:
    layers = Layers("ip")
    layers.learn(L4PROTO, b"\x11", 4)
    load = PayloadLoad(base=2, offset=2, length=2, slot=0)
    assert (layers.fields_of(load)[1], layers.fields_of(load)[1]) == ((4,), ())


def test_two_fields_of_one_load_are_two() -> None:
    layers = Layers("ip")
    fields, _ = layers.fields_of(PayloadLoad(base=1, offset=12, length=8, slot=0))
    assert [field.text for field in fields] == ["ip saddr", "ip daddr"]


def test_a_register_turned_to_network_order_is_no_longer_native() -> None:
    registers = RegisterFile("inet", {})
    registers.load(MetaLoad(key=3, slot=0))
    value = (0x40).to_bytes(4, sys.byteorder)
    assert registers.get(0).network_order(value) == b"\0\0\0\x40"
    registers.change(Byteorder(source=0, slot=0, is_to_network=True, octets=0, unit=0))
    assert registers.get(0).network_order(b"\0\0\0\x40") == b"\0\0\0\x40"
