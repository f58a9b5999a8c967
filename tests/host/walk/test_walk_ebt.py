"""Matches of ebtables on packets and on messages of ARP; structs as the kernel has them."""

import struct
from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.walk.ebt import ebt_holds
from edgediag.host.walk.inquiry import Inquiry
from edgediag.host.walk.octets import Truth, Unsure, known, unknown
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from story import flow

SENDER = Sender(mark=5, uid=0, gid=0, state=CtState.NEW)
PACKET = parcel_of(flow(), SENDER)
IN_6 = parcel_of(
    replace(flow(), source=IPv6Address("2001:db8::1"), destination=IPv6Address("2001:db8::2")),
    SENDER,
)
MESSAGE = known(
    bytes.fromhex("0001" "0800" "06" "04" "0002")
    + bytes.fromhex("0200000000c2" "cb007102")
    + bytes.fromhex("0200000000b0" "cb007101")
)
ANSWER = replace(PACKET, arp=MESSAGE)
ALL = b"\xff" * 4
ARP = struct.Struct("=2s2s2s2x4s4s4s4s6s6s6s6sBB")


def arp(asked: int, inverted: int = 0, sender: bytes = b"\xcb\0\x71\2") -> bytes:
    macs = (b"\2\0\0\0\0\xc2", b"\xff" * 6, bytes(6), bytes(6))
    return ARP.pack(b"\0\1", b"\x08\0", b"\0\2", sender, ALL, bytes(4), ALL, *macs, asked, inverted)


def ip6(asked: int, destination: str) -> bytes:
    address, mask = IPv6Address(destination).packed, b"\xff" * 16
    return struct.pack(
        "=16s16s16s16sBBBB4H", bytes(16), address, mask, mask, 0, 17, asked, 0, 0, 0, 0, 0
    )


def held(name: str, info: bytes, parcel: Parcel) -> Truth:
    return ebt_holds(XtMatch(name=name, revision=0, info=info), parcel, Inquiry({}))


@pytest.mark.parametrize(
    ("name", "info", "parcel", "expected"),
    [
        pytest.param("arp", arp(0x01 | 0x08 | 0x20), ANSWER, True, id="opcode, address and MAC"),
        pytest.param("arp", arp(0x08, 0x08), ANSWER, False, id="not this address"),
        pytest.param("arp", arp(0x08, sender=b"\xcb\0\x71\3"), ANSWER, False, id="another address"),
        pytest.param("arp", arp(0x01), PACKET, False, id="no message of ARP"),
        pytest.param(
            "arp", arp(0x80), ANSWER, Unsure(reason="ebtables' match arp"), id="gratuitous or not"
        ),
        pytest.param("ip6", ip6(0x0A, "2001:db8::2"), IN_6, True, id="IPv6 and UDP"),
        pytest.param("ip6", ip6(0x0A, "2001:db8::3"), IN_6, False, id="to another address"),
        pytest.param("ip6", ip6(0x0A, "2001:db8::2"), PACKET, False, id="IPv4"),
        pytest.param("ip6", ip6(0x02, "2001:db8::2"), ANSWER, False, id="ARP is not IPv6"),
        pytest.param(
            "ip6", ip6(0x04, "::"), IN_6, Unsure(reason="ebtables' match ip6"), id="a class"
        ),
        pytest.param("mark_m", struct.pack("=QQBB", 5, 7, 0, 1), PACKET, True, id="a mark"),
        pytest.param("mark_m", struct.pack("=QQBB", 0, 2, 0, 2), PACKET, False, id="a bit of it"),
        pytest.param("stp", bytes(64), PACKET, Unsure(reason="ebtables' match stp"), id="not read"),
    ],
)
def test_a_match_holds(name: str, info: bytes, parcel: Parcel, expected: Truth) -> None:
    assert held(name, info, parcel) == expected


def test_what_is_not_known_of_a_message_leaves_it_open() -> None:
    parcel = replace(ANSWER, arp=unknown(28, "arp"))
    assert held("arp", arp(0x08), parcel) == Unsure(reason="arp")


@given(
    st.sampled_from(("ip", "ip6", "arp", "mark_m", "pkttype", "vlan")),
    st.binary(max_size=96),
    st.sampled_from((PACKET, IN_6, ANSWER)),
)
def test_any_octets_are_a_truth_never_an_exception(
    name: str, info: bytes, parcel: Parcel
) -> None:
    assert isinstance(held(name, info, parcel), bool | Unsure)
