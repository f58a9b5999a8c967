"""The program that tells of drops, octet by octet, and what its records say."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.drop_event import DropEvent, Names, decode_event, drops_of
from edgediag.host.drop_layout import Layout
from edgediag.host.drop_program import MAX_FLOWS, RECORD, Watched, drop_program
from edgediag.host.kernel_symbols import functions_at
from edgediag.model.drops import KernelDrop
from edgediag.model.flow import Flow, Protocol

LAYOUT = Layout(
    head=192,
    network_header=180,
    device=16,
    socket=24,
    length=112,
    mark=164,
    device_index=224,
    device_namespace=264,
    socket_namespace=48,
    namespace_number=176,
)
TUNNEL = Flow(
    protocol=Protocol.UDP,
    source=ip_address("192.0.2.1"),
    source_port=40000,
    destination=ip_address("198.51.100.2"),
    destination_port=4500,
)
ECHO = replace(TUNNEL, protocol=Protocol.ICMP, source_port=77, destination_port=77)

TUNNEL_6 = replace(
    TUNNEL, source=ip_address("2001:db8::1"), destination=ip_address("2001:db8::2")
)
ECHO_6 = replace(TUNNEL_6, protocol=Protocol.ICMP, source_port=77, destination_port=77)

BEGIN = """
    7916000000000000 bf17000000000000
    7a0aa0ff00000000 7a0aa8ff00000000 7a0ab0ff00000000 7a0ab8ff00000000 7a0ac0ff00000000
    7a0ac8ff00000000 7a0ad0ff00000000 7a0ad8ff00000000 7a0ae0ff00000000 7a0ae8ff00000000
    7a0af0ff00000000 7a0af8ff00000000
    bfa1000000000000 07010000f8ffffff b702000008000000 bf63000000000000 07030000c0000000
    8500000071000000
    bfa1000000000000 07010000f0ffffff b702000002000000 bf63000000000000 07030000b4000000
    8500000071000000
    79a8f8ff00000000 69a1f0ff00000000 0f18000000000000
    bfa1000000000000 07010000c0ffffff b702000030000000 bf83000000000000 0703000000000000
    8500000071000000
"""
AMONG_TUNNEL = """
    71a1c0ff00000000 5501130045000000 69a1c6ff00000000 45010f001fff0000
    71a1c9ff00000000 61a2ccff00000000 61a3d0ff00000000 61a4d4ff00000000 69a5d8ff00000000
    5501040011000000 56020300c0000201 56030200c6336402 560401009c401194 05000e0000000000
    5501040011000000 56020300c6336402 56030200c0000201 5604010011949c40 0500090000000000
    b700000000000000 9500000000000000
    7701000004000000 5501030006000000
    71a1c6ff00000000 61a4e8ff00000000 69a5ecff00000000
    b700000000000000 9500000000000000
"""
AMONG_ECHO = """
    5501040001000000 56020300c0000201 56030200c6336402 560501 00004d0000 05000e0000000000
"""
AMONG_TUNNEL_6 = """
    5501120011000000
    61a2c8ff00000000 5602100020010db8 61a2ccff00000000 56020e0000000000
    61a2d0ff00000000 56020c0000000000 61a2d4ff00000000 56020a0000000001
    61a2d8ff00000000 5602080020010db8 61a2dcff00000000 5602060000000000
    61a2e0ff00000000 5602040000000000 61a2e4ff00000000 5602020000000002
    560401009c401194 0500150000000000
"""
END = """
    8500000005000000 7b0aa0ff00000000 7971080000000000 7b1aa8ff00000000
    7971100000000000 631ab0ff00000000
    bfa1000000000000 07010000b8ffffff b702000004000000 bf63000000000000 0703000070000000
    8500000071000000
    bfa1000000000000 07010000bcffffff b702000004000000 bf63000000000000 07030000a4000000
    8500000071000000
    1811000009000000 0000000000000000 bfa2000000000000 07020000a0ffffff b703000050000000
    b704000000000000 8500000082000000
    b700000000000000 9500000000000000
"""


def watched(*flows: Flow) -> Watched:
    return Watched(flows=flows, namespace=0xF0000001, ring=9)


def test_it_copies_the_packet_before_it_looks() -> None:
    assert drop_program(LAYOUT, watched(TUNNEL)).startswith(bytes.fromhex(BEGIN))


def test_it_compares_both_ways_of_a_flow() -> None:
    start = len(bytes.fromhex(BEGIN))
    among = bytes.fromhex(AMONG_TUNNEL)
    assert drop_program(LAYOUT, watched(TUNNEL))[start : start + len(among)] == among


def test_an_echo_is_compared_by_its_identifier() -> None:
    assert bytes.fromhex(AMONG_ECHO) in drop_program(LAYOUT, watched(ECHO))


def test_addresses_of_ipv6_are_compared_word_by_word() -> None:
    words = bytes.fromhex(AMONG_TUNNEL_6)
    assert words in drop_program(LAYOUT, watched(TUNNEL_6, TUNNEL))


def test_it_compares_the_number_of_the_namespace_as_32_bits() -> None:
    compared = bytes.fromhex("61a1f0ff00000000 1501030000000000 16010200010000f0 b700000000000000")
    assert compared in drop_program(LAYOUT, watched(TUNNEL))


def test_it_ends_by_putting_a_record_into_the_ring() -> None:
    assert drop_program(LAYOUT, watched(TUNNEL)).endswith(bytes.fromhex(END))


def test_it_is_bounded() -> None:
    most = drop_program(LAYOUT, watched(*[TUNNEL] * MAX_FLOWS))
    assert drop_program(LAYOUT, watched(*[TUNNEL] * (MAX_FLOWS + 1))) == most


# Records.

PACKET = bytes.fromhex("4500001f000040004011 0000 c0000201 c6336402 9c401194 000b0000").ljust(48)
PACKET_6 = bytes.fromhex(
    "60000000000b1140 20010db8000000000000000000000001 20010db8000000000000000000000002"
    "9c401194 000b0000"
)
ECHO_PACKET_6 = PACKET_6[:6] + bytes([58]) + PACKET_6[7:40] + bytes.fromhex("80000000004d0001")
NAMES = Names(
    reasons={12: "SKB_DROP_REASON_NETFILTER_DROP"}, functions={4096: "a_hook"}, devices={2: "eth0"}
)


def record(packet: bytes = PACKET) -> bytes:
    return RECORD.pack(1, 4096, 12, 2, 31, 0, packet)


def event(flow: Flow = TUNNEL, reason: int = 12, device: int = 2) -> DropEvent:
    return DropEvent(flow=flow, reason=reason, location=4096, device=device)


def test_a_record_is_an_event() -> None:
    assert decode_event(record()) == event()
    assert decode_event(record(PACKET_6)) == event(TUNNEL_6)
    assert decode_event(record(ECHO_PACKET_6)) == event(ECHO_6)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(record()[:-1], id="one octet less"),
        pytest.param(record(PACKET[:9] + b"\x32" + PACKET[10:]), id="another protocol"),
        pytest.param(record(PACKET_6[:6] + b"\x01" + PACKET_6[7:]), id="ICMP of IPv4 in IPv6"),
        pytest.param(record(b"\x50" + PACKET[1:]), id="another version"),
    ],
)
def test_what_is_no_event(octets: bytes) -> None:
    assert decode_event(octets) is None


@given(octets=st.binary(min_size=RECORD.size - 1, max_size=RECORD.size))
def test_an_event_or_none_and_never_an_exception(octets: bytes) -> None:
    assert isinstance(decode_event(octets), DropEvent | None)


def test_each_kind_of_drop_is_said_once_and_answers_apart() -> None:
    events = [event(), event(), event(TUNNEL.reversed()), event(ECHO)]
    assert [item.is_reply for item in drops_of(TUNNEL, events, NAMES)] == [False, True]


def test_what_has_no_name_is_said_by_its_number() -> None:
    events = [replace(event(reason=0x30001, device=0), location=5), event(reason=200, device=9)]
    assert drops_of(TUNNEL, events, NAMES) == (
        KernelDrop(reason="0x30001", location="", interface="", is_reply=False),
        KernelDrop(reason="0xc8", location="a_hook", interface="9", is_reply=False),
    )


# Symbols.

SYMBOLS = """\
ffffffff81000000 T _stext
ffffffff81000100 T nf_hook_slow.cold
ffffffff81000200 D a_table
ffffffffc0000000 t nft_do_chain\t[nf_tables]
ffffffff81000180 t unsorted
"""


@pytest.mark.parametrize(
    ("address", "functions"),
    [
        pytest.param(0xFFFFFFFF81000100, {"nf_hook_slow"}, id="where it begins"),
        pytest.param(0xFFFFFFFF8100017F, {"nf_hook_slow"}, id="within it"),
        pytest.param(0xFFFFFFFF81000181, {"unsorted"}, id="lines need not be sorted"),
        pytest.param(0xFFFFFFFF81000201, set(), id="in data"),
        pytest.param(0xFFFFFFFFC0000010, {"nft_do_chain"}, id="in a module"),
        pytest.param(0x1000, set(), id="before all of them"),
    ],
)
def test_the_function_that_an_address_lies_in(address: int, functions: set[str]) -> None:
    assert set(functions_at(SYMBOLS, [address]).values()) == functions


def test_addresses_that_are_kept_secret_name_nothing() -> None:
    assert functions_at("0000000000000000 T nf_hook_slow\n", [0xFFFFFFFF81000100]) == {}


@given(text=st.text(max_size=200), address=st.integers(0, 2**64 - 1))
def test_names_or_nothing_and_never_an_exception(text: str, address: int) -> None:
    assert all(isinstance(name, str) for name in functions_at(text, [address]).values())
