"""Sets of ipset, and tables of iptables-legacy, as requests that make them anew."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest, string
from edgediag.host.clone.ipset import CopiedSet, copied_sets, index_of, named
from edgediag.host.clone.legacy import CopiedTable, entry_count, replacement

HEAD = bytes([2, 0, 0, 0])
INDEX = attribute(11, b"\x00\x05")
# hash:net in revision 7 of IPv4: 198.51.100.0/24.
KIND = string(3, "hash:net") + attribute(4, b"\x07") + attribute(5, b"\x02")
ADDRESS = nest(1, attribute(1, bytes([198, 51, 100, 0])))
TAKEN = nest(1, attribute(1 | 0x4000, bytes([198, 51, 100, 0])))
CIDR = attribute(3, b"\x18")
INFO = struct.pack("=32sI5I5III", b"filter", 0xE, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 40)


def test_a_set_of_several_messages() -> None:
    first = HEAD + named("far") + KIND + INDEX
    first += nest(7, big32(18, 1024), big32(25, 1), big32(26, 400))
    members = nest(8, nest(7, ADDRESS, CIDR))
    request = named("far") + big32(9, 0) + nest(8, nest(7, TAKEN, CIDR))
    assert copied_sets((first + members, HEAD + named("far") + members)) == (
        CopiedSet(
            name="far", index=5, create=KIND + nest(7, big32(18, 1024)), added=(request, request)
        ),
    )


def test_of_a_set_netmask_and_resize_are_numbers_and_bitmask_is_an_address() -> None:
    # IPSET_ATTR_NETMASK (20), RESIZE (22) and BITMASK (12), as the kernel dumps them.
    plain = attribute(20, b"\x18") + attribute(22, b"\x32")
    dumped = nest(7, plain, nest(12, attribute(1, b"\xff\xff\x00\xff")))
    taken = nest(7, plain, nest(12, attribute(1 | 0x4000, b"\xff\xff\x00\xff")))
    (found,) = copied_sets((HEAD + named("far") + KIND + INDEX + dumped,))
    assert found.create == KIND + taken


def test_of_a_member_the_second_address_is_one_too() -> None:
    second = nest(20, attribute(1, bytes([192, 0, 2, 1])))
    taken = nest(20, attribute(1 | 0x4000, bytes([192, 0, 2, 1])))
    members = nest(8, nest(7, ADDRESS, second))
    (found,) = copied_sets((HEAD + named("far") + KIND + INDEX + members,))
    assert found.added == (named("far") + big32(9, 0) + nest(8, nest(7, TAKEN, taken)),)


def test_sets_come_in_the_order_of_their_indexes() -> None:
    dumped = [
        HEAD + named(name) + KIND + attribute(11, bytes([0, index]))
        for name, index in (("a", 3), ("b", 1))
    ]
    assert [found.name for found in copied_sets(dumped)] == ["b", "a"]
    assert index_of(dumped[0]) == 3


def test_a_table_is_put_in_the_place_of_another() -> None:
    table = CopiedTable(family="ip", name="filter", info=INFO, entries=memoryview(bytes(40)))
    offsets = tuple(range(10))
    head = struct.pack("=32sIII10IIQ", b"filter", 0xE, 11, 40, *offsets, 4, 0xABCD)
    assert replacement(table, old_count=4, counters_at=0xABCD) == head + bytes(40)
    assert entry_count(INFO) == 11


@given(st.lists(st.binary(max_size=120), max_size=4))
def test_whatever_the_dump_it_gives_sets(payloads: list[bytes]) -> None:
    assert all(isinstance(found, CopiedSet) for found in copied_sets(payloads))


@given(st.binary(max_size=100), st.binary(max_size=60))
def test_whatever_the_table_it_is_put_or_not(info: bytes, entries: bytes) -> None:
    table = CopiedTable(family="ip6", name="x", info=info, entries=memoryview(entries))
    made = replacement(table, old_count=entry_count(info), counters_at=0)
    assert made is None or len(made) == 96 + len(entries)
