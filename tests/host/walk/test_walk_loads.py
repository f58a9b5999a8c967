"""What the loads of a rule find in packets of both versions of IP."""

import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.host.netfilter.expression import CtLoad, Load, MetaLoad, PayloadLoad
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.loads import load
from edgediag.host.walk.needs import Answer, NeedAddressType
from edgediag.host.walk.octets import Octets, big_number, known, native_number, stretch, unknown
from edgediag.host.walk.parcel import CtState, Interface, Parcel, Sender, parcel_in, parcel_of
from edgediag.host.walk.xt_conditions import holds
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from story import flow

SOURCE, DESTINATION = ip_address("2001:db8::10"), ip_address("2001:db8:1::21")


def parcel(of: Flow) -> Parcel:
    return parcel_of(of, Sender(mark=0, uid=0, gid=0, state=CtState.NEW))


def in_6(protocol: Protocol = Protocol.UDP) -> Parcel:
    return parcel(replace(flow(protocol), source=SOURCE, destination=DESTINATION))


def payload(base: int, offset: int, length: int) -> PayloadLoad:
    return PayloadLoad(base=base, offset=offset, length=length, slot=0)


def ct(key: int) -> CtLoad:
    return CtLoad(key=key, direction=0, slot=0)


@pytest.mark.parametrize(
    ("asked", "packet", "expected"),
    [
        pytest.param(MetaLoad(key=1, slot=0), in_6(), big_number(0x86DD), id="EtherType"),
        pytest.param(MetaLoad(key=15, slot=0), in_6(), native_number(10, 1), id="family"),
        pytest.param(
            MetaLoad(key=16, slot=0), in_6(Protocol.ICMP), native_number(58, 1), id="ICMPv6"
        ),
        pytest.param(payload(1, 6, 1), in_6(), known(b"\x11"), id="next header"),
        pytest.param(payload(1, 7, 1), in_6(), unknown(1, "ip6 hoplimit"), id="hop limit"),
        pytest.param(payload(1, 8, 16), in_6(), known(SOURCE.packed), id="source"),
        pytest.param(payload(1, 24, 4), in_6(), known(DESTINATION.packed[:4]), id="a network"),
        pytest.param(
            payload(2, 0, 2), in_6(Protocol.ICMP), known(b"\x80\0"), id="an echo request of 6"
        ),
        pytest.param(ct(22), in_6(), known(DESTINATION.packed), id="the first destination"),
        pytest.param(ct(20), in_6(), None, id="a packet of 6 has no address of 4"),
        pytest.param(ct(21), parcel(flow()), None, id="nor one of 4 an address of 6"),
        pytest.param(payload(1, 8, 1), parcel(flow()), unknown(1, "ip ttl"), id="TTL of 4"),
    ],
)
def test_what_a_load_finds(asked: Load, packet: Parcel, expected: Octets | None) -> None:
    ready = replace(packet, is_tracked=True)
    assert load(asked, ready, Inquiry({})) == expected


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        pytest.param(0, 2, known(b"ab"), id="within the first"),
        pytest.param(1, 2, Octets(value=b"b\0", known=b"\xff\0", reason="r"), id="across"),
        pytest.param(2, 1, unknown(1, "r"), id="the second alone"),
        pytest.param(3, 1, known(b"c"), id="what is known behind what is not"),
        pytest.param(4, 1, unknown(1, "the packet's content"), id="behind the end"),
    ],
)
def test_a_stretch_of_several(start: int, length: int, expected: Octets) -> None:
    assert stretch((known(b"ab"), unknown(1, "r"), known(b"c")), start, length) == expected


HOST, BROADCAST, OPEN = native_number(0, 1), native_number(1, 1), unknown(1, "meta pkttype")
IN0 = Interface(name="in0", index=7)
UNASKED = NotChecked(reason="not asked")


@pytest.mark.parametrize(
    ("to", "type_", "device", "expected"),
    [
        pytest.param("192.0.2.10", 2, IN0, HOST, id="an address of this host"),
        pytest.param("203.0.113.7", 1, IN0, HOST, id="of another one"),
        pytest.param("255.255.255.255", 3, IN0, BROADCAST, id="everybody on the wire"),
        pytest.param("192.0.2.255", 3, IN0, OPEN, id="everybody of a network, perhaps another"),
        pytest.param("224.0.0.5", 5, IN0, OPEN, id="a group"),
        pytest.param("192.0.2.10", UNASKED, IN0, OPEN, id="what the address is is not known"),
        pytest.param("192.0.2.255", 3, None, HOST, id="what no device has brought"),
        pytest.param("2001:db8::21", 2, IN0, HOST, id="an address of IPv6"),
    ],
)
def test_to_whom_a_frame_was_sent(
    to: str, type_: Answer, device: Interface | None, expected: Octets
) -> None:
    address = ip_address(to)
    of = replace(flow(), source=SOURCE if address.version == 6 else flow().source)
    of = replace(of, destination=address)
    packet = parcel_in(of, device, CtState.NEW) if device else parcel(of)
    inquiry = Inquiry({NeedAddressType(address=address): type_})
    match = XtMatch(name="pkttype", revision=0, info=struct.pack("=ii", 1, 0))
    is_broadcast = expected == BROADCAST if expected.is_known else None
    said = holds(match, packet, inquiry)
    assert load(MetaLoad(key=19, slot=0), packet, inquiry) == expected
    assert (said if isinstance(said, bool) else None) is is_broadcast
