"""arptables-legacy's blob: its rules in the expressions of all others, and in arptables' words."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import legacy_blob as blob
from edgediag.host.netfilter.arp_header import (
    ARP_HEADER_OCTETS,
    arp_header_words,
    decode_arp_header,
)
from edgediag.host.netfilter.arptables import arptables_text
from edgediag.host.netfilter.legacy import LegacyEntries, LegacyInfo, decode_entries, decode_info
from edgediag.host.netfilter.legacy_chains import LegacyChains
from edgediag.host.netfilter.xt.arp import Mangle, decode_mangle

WHOLE = b"\xff" * 16
SENDER = (b"\xc0\0\x02\x03", WHOLE[:4])
MAC = b"\x02\0\0\0\0\x01"
DROP = blob.arp_entry(blob.verdict(-1), head=blob.arp_header(sender=SENDER), packets=3)
MANGLE = struct.pack("=16s16s4s4sB3xi", MAC, bytes(16), b"\1\2\3\4", bytes(4), 5, 0)
MANGLED = blob.arp_entry(blob.part("mangle", MANGLE), head=blob.arp_header())
POLICY = blob.arp_entry(blob.verdict(-2), packets=7)
OWN_HEAD = blob.arp_entry(blob.part("ERROR", b"own".ljust(32, b"\0")))
JUMP_OCTETS = len(POLICY)
TO_OWN = len(DROP + MANGLED + POLICY) + JUMP_OCTETS + len(OWN_HEAD)
JUMP = blob.arp_entry(blob.verdict(TO_OWN))
OWN = DROP + blob.arp_entry(blob.verdict(-5))
END = blob.arp_entry(blob.part("ERROR", b"ERROR".ljust(32, b"\0")))
ENTRIES = DROP + MANGLED + JUMP + POLICY + OWN_HEAD + OWN + END
INFO = LegacyInfo(
    begins={"INPUT": 0},
    policies={"INPUT": len(DROP + MANGLED + JUMP)},
    octets=len(ENTRIES),
)


def entries(octets: bytes = ENTRIES) -> LegacyEntries | None:
    return decode_entries("arp", "filter", INFO, memoryview(octets))


def words(chain: str, found: LegacyEntries | None) -> list[str]:
    assert found is not None
    chains = LegacyChains(found)
    chains.chain("INPUT", None)
    read = chains.chain(chain, None)
    return [] if read is None else [arptables_text(rule) for rule in read.rules]


def test_the_head_says_where_the_chains_of_arp_are() -> None:
    octets = struct.pack("=32sI3I3III", b"filter", 3, 0, 8, 0, 4, 16, 0, 6, 99)
    expected = LegacyInfo(
        begins={"INPUT": 0, "OUTPUT": 8}, policies={"INPUT": 4, "OUTPUT": 16}, octets=99
    )
    assert decode_info("arp", octets) == expected


def test_a_rule_is_told_in_the_words_of_arptables() -> None:
    assert words("INPUT", entries()) == [
        "-j DROP -s 192.0.2.3",
        "-j mangle --mangle-ip-s 1.2.3.4 --mangle-mac-s 02:00:00:00:00:01 --mangle-target DROP",
        "-j own",
    ]
    assert words("own", entries()) == ["-j DROP -s 192.0.2.3"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "", id="no condition"),
        pytest.param({"target": (b"\x0a\0\0\0", b"\xff\0\xff\0")}, "-d 10.0.0.0/255.0.255.0",
                     id="a mask that is no prefix"),
        pytest.param({"sender": (b"\xc0\0\2\0", b"\xff\xff\xff\0"), "inverted": (b"\4\0", b"")},
                     "! -s 192.0.2.0/24", id="not of a network"),
        pytest.param({"sender_mac": (MAC, WHOLE[:6])}, "--src-mac 02:00:00:00:00:01",
                     id="a MAC"),
        pytest.param({"target_mac": (MAC, b"\xff")},
                     "--dst-mac 02:00:00:00:00:00/ff:00:00:00:00:00",
                     id="a MAC of which one octet counts"),
        pytest.param({"operation": (b"\0\2", b"\xff\xff")}, "--opcode 2", id="answers"),
        pytest.param({"operation": (b"\0\3", b"\0\xff")}, "--opcode 3/255", id="part of a field"),
        pytest.param({"protocol": (b"\x08\0", b"\0\xff")}, "--proto-type 0x800/ff",
                     id="a protocol"),
        pytest.param(
            {
                "mac_length": (b"\6", b"\xff"), "hardware": (b"\0\1", WHOLE[:2]),
                "incoming": (b"eth", b"\xff" * 3), "inverted": (b"\x81\2", b""),
            },
            "! -i eth+ ! --h-length 6 ! --h-type 1",
            id="several, inverted",
        ),
    ],
)  # fmt: skip
def test_conditions_on_arp_have_the_words_of_arptables(
    fields: dict[str, tuple[bytes, bytes]], expected: str
) -> None:
    header = decode_arp_header(blob.arp_header(**fields))
    assert " ".join(arp_header_words(header)) == expected


@given(st.integers(0, len(ENTRIES) - 1), st.binary(min_size=1, max_size=8))
def test_a_table_of_arp_with_foreign_octets_is_words_or_none(place: int, octets: bytes) -> None:
    damaged = (ENTRIES[:place] + octets + ENTRIES[place + len(octets) :])[: len(ENTRIES)]
    found = entries(damaged)
    if found is not None:
        told = [*words("INPUT", found), *words("own", found)]
        assert all(isinstance(each, str) for each in told)


@given(st.binary(min_size=ARP_HEADER_OCTETS, max_size=ARP_HEADER_OCTETS))
def test_any_octets_are_conditions_on_arp(octets: bytes) -> None:
    assert all(isinstance(each, str) for each in arp_header_words(decode_arp_header(octets)))


@given(st.binary(max_size=64))
def test_any_octets_are_a_target_that_rewrites_or_none(octets: bytes) -> None:
    assert isinstance(decode_mangle(octets), Mangle | None)
