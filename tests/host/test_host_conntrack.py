"""What connection tracking counted, over all CPUs."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest
from edgediag.host.conntrack import (
    ORIGINAL,
    REPLY,
    decode_connection,
    decode_drops,
    decode_unreplied,
    decode_wire_flow,
    encode_tuple,
)
from edgediag.model.drops import Drop, DropCount
from edgediag.model.flow import Flow, Protocol
from edgediag.model.tunnel_object import TunnelConnection

# As Linux 6.18 heads it, and as Linux 5.4 does.
NAMES = (
    "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop "
    "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"
)
OLD_NAMES = NAMES.replace("clashres", "searched").replace("chainlength", "delete_list")


def row(*, chain: int = 0, failed: int = 0, drop: int = 0) -> str:
    """The line of one CPU."""
    return (
        f"00000007  00000001 {0:08x} {0:08x} {2:08x} {0:08x} {0:08x} {chain:08x} {0:08x} "
        f"{failed:08x} {drop:08x} {9:08x} {0:08x}  {0:08x} {0:08x} {0:08x} {3:08x}\n"
    )


def counted(count: int) -> DropCount:
    return DropCount(drop=Drop.CONNTRACK, interface="", discipline="", handle="", count=count)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(NAMES + row(drop=16), counted(16), id="what it could not track"),
        pytest.param(
            NAMES + row(drop=2, failed=2), counted(2), id="a clash that was not: counted once"
        ),
        pytest.param(NAMES + row(failed=3), counted(0), id="a clash that was resolved: 0"),
        pytest.param(NAMES + row(chain=4, failed=4), counted(4), id="a chain that is too long"),
        pytest.param(OLD_NAMES + row(chain=4, drop=1), counted(1), id="a column that was another"),
        pytest.param(NAMES + row(drop=5) + row(drop=6), counted(11), id="of all CPUs"),
        pytest.param(NAMES, counted(0), id="no CPU"),
        pytest.param("entries found\n00000001 00000002\n", None, id="no counter of drops"),
        pytest.param("", None, id="nothing is told"),
    ],
)
def test_drops_are_added_up(text: str, expected: DropCount | None) -> None:
    assert decode_drops(text) == expected


ASKED = Flow(
    protocol=Protocol.UDP,
    source=ip_address("192.0.2.10"),
    source_port=4500,
    destination=ip_address("198.51.100.21"),
    destination_port=4500,
)
HEAD = bytes(4)


def way(type_: int, flow: Flow) -> bytes:
    return encode_tuple(
        type_,
        (flow.source.packed, flow.source_port),
        (flow.destination.packed, flow.destination_port),
    )


def test_what_leaves_for_a_connection_is_what_its_answers_come_back_to() -> None:
    wire = replace(ASKED, source=ip_address("192.0.2.77"), source_port=1024)
    message = HEAD + way(ORIGINAL, ASKED) + way(REPLY, wire.reversed())
    assert decode_wire_flow(message) == wire
    assert decode_wire_flow(HEAD + way(ORIGINAL, ASKED)) is None


def tracked(*, number: int, seen: int = 8, type_: int = 8) -> bytes:
    """A connection as a dump has it; both ends' ports, and for ICMP identifier and type."""
    addresses = nest(1, attribute(1, EDGE), attribute(2, OTHER))
    ports = (attribute(2, (40000).to_bytes(2, "big")), attribute(3, (443).to_bytes(2, "big")))
    echo = (attribute(4, (77).to_bytes(2, "big")), attribute(5, bytes([type_])))
    proto = nest(2, attribute(1, bytes([number])), *(echo if number == 1 else ports))
    return HEAD + nest(ORIGINAL, addresses, proto) + big32(3, seen)


EDGE, OTHER = ip_address("192.0.2.10").packed, ip_address("203.0.113.200").packed
ECHO = Flow(
    protocol=Protocol.ICMP,
    source=ip_address("192.0.2.10"),
    source_port=77,
    destination=ip_address("203.0.113.200"),
    destination_port=77,
)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(tracked(number=1), ECHO, id="an echo"),
        pytest.param(
            tracked(number=6),
            replace(ECHO, protocol=Protocol.TCP, source_port=40000, destination_port=443),
            id="a connection of TCP",
        ),
        pytest.param(tracked(number=1, seen=10), None, id="an echo that was answered"),
        pytest.param(tracked(number=1, type_=13), None, id="another ICMP"),
        pytest.param(tracked(number=17), None, id="UDP may want no answer"),
        pytest.param(HEAD + way(ORIGINAL, ASKED), None, id="of which no status is told"),
        pytest.param(HEAD + big32(3, 8), None, id="of which no ends are"),
    ],
)
def test_what_wants_an_answer_and_drew_none(message: bytes, expected: Flow | None) -> None:
    assert decode_unreplied(message) == expected


def test_a_connection_by_its_first_packet_and_what_leaves_for_it() -> None:
    wire = replace(ASKED, source=ip_address("192.0.2.77"), source_port=1024)
    ends = HEAD + way(ORIGINAL, ASKED) + way(REPLY, wire.reversed())
    for status, is_answered in ((8, False), (10, True)):
        assert decode_connection(ends + big32(3, status)) == TunnelConnection(
            asked=ASKED, wire=wire, is_answered=is_answered
        )
    assert decode_connection(HEAD + way(ORIGINAL, ASKED)) is None


def test_a_connection_of_ipv6_is_read_as_one_of_ipv4() -> None:
    asked = replace(
        ASKED, source=ip_address("2001:db8::10"), destination=ip_address("2001:db8:1::21")
    )
    wire = replace(asked, source_port=1024)
    message = HEAD + way(ORIGINAL, asked) + way(REPLY, wire.reversed())
    assert decode_wire_flow(message) == wire


@given(st.binary(max_size=120))
def test_whatever_the_octets_a_flow_or_none(octets: bytes) -> None:
    for message in (octets, HEAD + way(ORIGINAL, ASKED) + octets, tracked(number=1) + octets):
        assert isinstance(decode_wire_flow(message), Flow | None)
        assert isinstance(decode_unreplied(message), Flow | None)
        assert isinstance(decode_connection(message), TunnelConnection | None)


@given(st.sampled_from(("", NAMES)), st.text())
def test_whatever_the_text_a_count_or_none(names: str, text: str) -> None:
    assert isinstance(decode_drops(names + text), DropCount | None)
