"""iptables' matches for a packet: yes, no, or what it hangs on."""

import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.cli.explain import Sender, parcel_of
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.netfilter.xt.words import MATCHES
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.needs import NeedAddressType
from edgediag.host.walk.octets import Truth, Unsure
from edgediag.host.walk.parcel import CtState, Interface, Parcel, untracked
from edgediag.host.walk.xt_conditions import holds
from edgediag.model.flow import Protocol
from story import flow

SENDER = Sender(mark=0, uid=1000, gid=1000, state=CtState.NEW)
UDP = parcel_of(flow(), SENDER)
TRACKED = replace(UDP, is_tracked=True)
KNOWN_CONNECTION = replace(TRACKED, state=CtState.ESTABLISHED)
TCP = parcel_of(replace(flow(), protocol=Protocol.TCP), SENDER)
UP0 = Interface(name="up0", index=2)
UNTRACKED = untracked(TCP)
STANDING = untracked(replace(TCP, state=CtState.ESTABLISHED))
IN_6 = replace(
    flow(), source=ip_address("2001:db8::9"), destination=ip_address("2001:db8::1")
)
UDP_6 = parcel_of(IN_6, SENDER)
CAME_IN = replace(UDP, incoming=UP0, uid=None, gid=None)


def statistic(mode: int, inverted: int, first: int, packet: int = 0) -> bytes:
    return struct.pack("=HHIII8x", mode, inverted, first, packet, 0)


def owner(asked: int, inverted: int) -> bytes:
    return struct.pack("=IIIIBB2x", 1000, 1000, 5, 5, asked, inverted)


def physdev(inverted: int, asked: int) -> bytes:
    return bytes(64) + bytes([inverted, asked])


def addrtype(destination: int, flags: int = 0) -> bytes:
    return struct.pack("=HHI", 0, destination, flags)


def begun_for(destination: str, mask: str) -> bytes:
    """-m conntrack --ctorigdst"""
    addresses = (ip_address(each).packed for each in ("::", "::", destination, mask))
    return b"".join(addresses).ljust(146, b"\0") + struct.pack("=HHHH", 8, 0, 0, 0)


MARK_1 = struct.pack("=IIB", 1, 0xFFFFFFFF, 0)
NOT_MARK_1 = struct.pack("=IIB", 1, 0xFFFFFFFF, 1)
FTP = struct.pack("=i30s", 0, b"ftp")
NOT_FTP = struct.pack("=i30s", 1, b"ftp")
IS_SYN = struct.pack("=HHHHBBBB", 0, 0xFFFF, 0, 0xFFFF, 0, 0x17, 0x02, 0)
UNSPECIFIED, UNICAST, LOCAL, ANYCAST, MULTICAST = 1, 2, 4, 16, 32
UNSURE_TYPE = Unsure(reason="the address's type")
FULL = ":".join(["ffff"] * 8)


@pytest.mark.parametrize(
    ("name", "revision", "info", "parcel", "expected"),
    [
        pytest.param("statistic", 0, statistic(0, 0, 0x80000000), UDP, True, id="always"),
        pytest.param("statistic", 0, statistic(0, 1, 0x80000000), UDP, False, id="not always"),
        pytest.param("statistic", 0, statistic(0, 0, 0), UDP, False, id="never"),
        pytest.param("statistic", 0, statistic(1, 0, 0), UDP, True, id="every packet"),
        pytest.param("owner", 1, owner(4, 0), UDP, True, id="a socket sends it"),
        pytest.param("owner", 1, owner(4, 4), UDP, False, id="no socket sends it"),
        pytest.param("owner", 1, owner(2, 0), UDP, False, id="another group"),
        pytest.param("owner", 1, owner(3, 2), UDP, True, id="this user and not that group"),
        pytest.param("connmark", 1, NOT_MARK_1, UDP, False, id="no connection, no mark"),
        pytest.param("connmark", 1, NOT_MARK_1, TRACKED, True, id="another mark"),
        pytest.param("connmark", 1, MARK_1, TRACKED, False, id="not the mark"),
        pytest.param("helper", 0, FTP, TRACKED, False, id="nobody expected it"),
        pytest.param("helper", 0, NOT_FTP, TRACKED, True, id="nobody was to expect it"),
        pytest.param("connbytes", 0, bytes(18), UDP, False, id="nothing is counted yet"),
        pytest.param("physdev", 0, physdev(4, 4), UDP, True, id="no bridge carried it"),
        pytest.param("physdev", 0, physdev(0, 4), UDP, False, id="a bridge was to carry it"),
        pytest.param("mac", 0, bytes(12), UDP, False, id="no Ethernet header"),
        pytest.param("mac", 0, bytes(8) + b"\1\0\0\0", UDP, False, id="nor an inverted one"),
        pytest.param("ecn", 0, b"\x20\0\0", UDP, False, id="UDP has no such flag"),
        pytest.param("esp", 0, bytes(9), UDP, False, id="another protocol"),
        pytest.param("ttl", 0, b"\3\xff", UDP, False, id="more than the most"),
        pytest.param("pkttype", 0, struct.pack("=ii", 0, 0), UDP, True, id="for one host"),
        pytest.param("tcp", 0, IS_SYN, TCP, True, id="it opens a connection"),
        pytest.param("tcp", 0, IS_SYN, UNTRACKED, True, id="and nobody is to track it"),
    ],
)
def test_a_match_that_the_packet_decides(
    name: str, revision: int, info: bytes, parcel: Parcel, expected: Truth
) -> None:
    match = XtMatch(name=name, revision=revision, info=info)
    assert holds(match, parcel, Inquiry({})) is expected


@pytest.mark.parametrize(
    ("name", "revision", "info", "parcel", "reason"),
    [
        pytest.param("statistic", 0, statistic(0, 0, 1), UDP, "-m statistic", id="a lot"),
        pytest.param("statistic", 0, statistic(1, 0, 2), UDP, "-m statistic", id="every third"),
        pytest.param("limit", 0, bytes(40), UDP, "-m limit", id="a rate"),
        pytest.param("owner", 1, owner(8, 0), UDP, "-m owner", id="other groups"),
        pytest.param("helper", 0, FTP, KNOWN_CONNECTION, "-m helper", id="who expected it"),
        pytest.param("connbytes", 0, bytes(18), TRACKED, "-m connbytes", id="counted octets"),
        pytest.param("mac", 0, bytes(12), CAME_IN, "-m mac", id="a link-layer address"),
        pytest.param("physdev", 0, physdev(0, 4), CAME_IN, "-m physdev", id="perhaps a bridge"),
        pytest.param("dscp", 0, b"\x2e\0", UDP, "ip dscp", id="a class"),
        pytest.param("ttl", 0, b"\0\5", UDP, "ip ttl", id="a hop limit"),
        pytest.param("length", 0, b"\1\0\2\0\0", UDP, "ip length", id="a length"),
        pytest.param("ecn", 0, b"\x20\0\0", TCP, "tcp ecn", id="congestion flags of a SYN"),
        pytest.param("tcp", 0, b"\1", TCP, "-m tcp", id="too short"),
        pytest.param("tcp", 0, IS_SYN, STANDING, "tcp flags", id="of a standing connection"),
    ],
)
def test_a_match_that_hangs_on_something_else(
    name: str, revision: int, info: bytes, parcel: Parcel, reason: str
) -> None:
    match = XtMatch(name=name, revision=revision, info=info)
    truth = holds(match, parcel, Inquiry({}))
    assert truth == Unsure(reason=reason)


def test_a_length_that_no_packet_has_decides() -> None:
    every = XtMatch(name="length", revision=0, info=struct.pack("=HHB", 0, 0xFFFF, 0))
    assert holds(every, UDP, Inquiry({})) is True


@pytest.mark.parametrize(
    ("name", "revision", "info", "expected"),
    [
        pytest.param("addrtype", 1, addrtype(LOCAL), True, id="an address of this host"),
        pytest.param("addrtype", 1, addrtype(LOCAL, 2), False, id="it was to be none"),
        pytest.param("addrtype", 1, addrtype(UNICAST | LOCAL), True, id="of both types"),
        pytest.param("addrtype", 1, addrtype(MULTICAST | LOCAL), False, id="of all types"),
        pytest.param("addrtype", 1, addrtype(UNSPECIFIED), False, id="an address at all"),
        pytest.param("addrtype", 1, addrtype(ANYCAST), UNSURE_TYPE, id="a type not told"),
        pytest.param("addrtype", 1, addrtype(LOCAL, 8), Unsure(reason="-m addrtype"), id="device"),
        pytest.param("conntrack", 3, begun_for("2001:db8::1", FULL), True, id="begun for it"),
        pytest.param("conntrack", 3, begun_for("2001:db8::2", FULL), False, id="begun for another"),
        pytest.param("conntrack", 3, begun_for("2001:db8::2", "ffff::"), True, id="for a network"),
    ],
)
def test_a_match_on_a_packet_of_ipv6(
    name: str, revision: int, info: bytes, expected: Truth
) -> None:
    match = XtMatch(name=name, revision=revision, info=info)
    answers = {NeedAddressType(address=IN_6.destination): 2}
    assert holds(match, replace(UDP_6, is_tracked=True), Inquiry(answers)) == expected


@given(
    st.sampled_from(sorted(MATCHES)),
    st.binary(max_size=400),
    st.sampled_from([UDP, TCP, TRACKED, CAME_IN, UDP_6]),
)
def test_any_octets_are_a_truth_or_unsure(
    key: tuple[str, int], info: bytes, parcel: Parcel
) -> None:
    match = XtMatch(name=key[0], revision=key[1], info=info)
    assert isinstance(holds(match, parcel, Inquiry({})), bool | Unsure)
