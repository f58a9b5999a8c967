"""Conditions and targets of arptables-legacy on a message of ARP, as the kernel has them."""

import struct
from dataclasses import replace

import pytest

import legacy_blob as blob
from edgediag.host.netfilter.arp_header import arp_header_words, decode_arp_header
from edgediag.host.netfilter.statement import XtTarget
from edgediag.host.walk.arp_header import arp_header_holds, failing_of_arp
from edgediag.host.walk.effects import Effect, Fate, apply_target
from edgediag.host.walk.octets import Truth, Unsure, joined, known, unknown
from edgediag.host.walk.parcel import CtState, Interface, Parcel, Sender, parcel_of
from story import flow

OWN_MAC, THEIRS = b"\2\0\0\0\0\1", "the neighbour's MAC"
ANSWER = joined(
    (
        known(b"\0\1\x08\0\6\4\0\2"),
        unknown(6, THEIRS),
        known(b"\xc0\0\2\2" + OWN_MAC + b"\xc0\0\2\1"),
    )
)
WHOLE = b"\xff" * 16


def message() -> Parcel:
    parcel = parcel_of(flow(), Sender(mark=0, uid=None, gid=None, state=CtState.NEW))
    return replace(parcel, arp=ANSWER, incoming=Interface(name="eth0", index=2))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, True, id="no condition"),
        pytest.param({"sender": (b"\xc0\0\2\2", WHOLE[:4])}, True, id="its sender"),
        pytest.param({"sender": (b"\xc0\0\2\1", WHOLE[:4])}, False, id="another's sender"),
        pytest.param(
            {"sender": (b"\xc0\0\2\1", WHOLE[:4]), "inverted": (b"\4\0", b"")}, True,
            id="not another's sender",
        ),
        pytest.param(
            {"sender": (b"\xc0\0\2\2", b"\xff\xff\xff\0")}, False, id="an address beyond its mask"
        ),
        pytest.param({"target_mac": (OWN_MAC, WHOLE[:6])}, True, id="its target's MAC"),
        pytest.param(
            {"target_mac": (OWN_MAC, b"\xff")}, True, id="a MAC beyond its mask is not looked at"
        ),
        pytest.param({"sender_mac": (OWN_MAC, WHOLE[:6])}, Unsure(reason=THEIRS), id="not known"),
        pytest.param(
            {"sender_mac": (OWN_MAC, WHOLE[:6]), "operation": (b"\0\1", WHOLE[:2])}, False,
            id="not known, and another decides",
        ),
        pytest.param({"operation": (b"\0\2", WHOLE[:2])}, True, id="an answer"),
        pytest.param({"hardware": (b"\0\1", WHOLE[:2])}, True, id="Ethernet"),
        pytest.param({"protocol": (b"\x08\6", WHOLE[:2])}, False, id="another protocol"),
        pytest.param({"mac_length": (b"\6", b"\xff")}, True, id="MACs of six octets"),
        pytest.param({"incoming": (b"eth0", WHOLE[:5])}, True, id="its device"),
        pytest.param({"outgoing": (b"eth0", WHOLE[:5])}, False, id="it leaves by none"),
    ],
)  # fmt: skip
def test_conditions_on_arp_hold_as_in_the_kernel(
    fields: dict[str, tuple[bytes, bytes]], expected: Truth
) -> None:
    assert arp_header_holds(decode_arp_header(blob.arp_header(**fields)), message()) == expected


def test_what_a_rule_of_nft_rewrote_before_is_not_known() -> None:
    header = decode_arp_header(blob.arp_header(operation=(b"\0\2", WHOLE[:2])))
    rewritten = replace(message(), blurred=frozenset({(1, 6, 2)}))
    assert isinstance(arp_header_holds(header, rewritten), Unsure)


def test_of_several_conditions_those_are_told_that_do_not_hold() -> None:
    fields = {"operation": (b"\0\1", WHOLE[:2]), "hardware": (b"\0\1", WHOLE[:2])}
    failing = failing_of_arp(decode_arp_header(blob.arp_header(**fields)), message())
    assert [word for each in failing for word in arp_header_words(each)] == ["--opcode 1"]


@pytest.mark.parametrize(
    ("verdict", "fate"),
    [
        pytest.param(0, Fate.DROPPED, id="dropped"),
        pytest.param(1, Fate.ACCEPTED, id="accepted"),
        pytest.param(-1, Fate.GOES_ON, id="asked further"),
    ],
)
def test_a_message_is_rewritten_and_then(verdict: int, fate: Fate) -> None:
    info = struct.pack("=16s16s4s4sB3xi", bytes(16), bytes(16), b"\1\2\3\4", bytes(4), 4, verdict)
    effect = apply_target(XtTarget(name="mangle", revision=0, info=info), message())
    arp = effect.parcel.arp
    assert arp is not None
    assert (effect.fate, arp.value[14:18]) == (fate, b"\1\2\3\4")
    assert (arp.value[18:], arp.known[:14]) == (ANSWER.value[18:], ANSWER.known[:14])


def test_a_target_that_is_not_read_ends_what_can_be_said() -> None:
    effect = apply_target(XtTarget(name="mangle", revision=0, info=b"\0"), message())
    assert effect == Effect(parcel=message(), fate=Fate.UNDECIDED, name="-j mangle")
