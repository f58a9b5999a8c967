"""Capture files: exact octets out, the same capture back, and what stock tools make of them."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.wire.capture import Capture, CaptureInterface, Frame, FrameDirection, Section
from edgediag.wire.link_type import LinkType
from edgediag.wire.pcapng import decode_pcapng, encode_pcapng

# A UDP datagram from 192.0.2.10 port 40000 to 198.51.100.21 port 4500.
DATAGRAM = bytes.fromhex("4500001d1234400007117549c000020ac63364159c4011940009668cff")
FRAME = bytes.fromhex("020000000002 020000000001 0800") + DATAGRAM

# 2026-11-22 21:00:00.123456789 UTC.
SEEN_NS = 1_795_381_200_123_456_789

CAPTURE = Capture(
    section=Section(hardware="x86_64", operating_system="Linux 6.1.0", application="edgediag 1"),
    interfaces=(
        CaptureInterface(name="ip", description="handed over", link_type=LinkType.RAW, dropped=0),
        CaptureInterface(name="eth0", description="tap", link_type=LinkType.ETHERNET, dropped=3),
    ),
    frames=(
        Frame(
            interface=0,
            seen_ns=SEEN_NS,
            direction=FrameDirection.OUTBOUND,
            octets=DATAGRAM,
            original_length=29,
            comment="probe 1: check raven-tunnel-4500",
        ),
        Frame(
            interface=1,
            seen_ns=SEEN_NS + 1000,
            direction=FrameDirection.INBOUND,
            octets=FRAME[:40],
            original_length=43,
            comment="",
        ),
    ),
)

EXACT = """
    0a0d0d0a 4c000000 4d3c2b1a 0100 0000 ffffffffffffffff
        0200 0600 7838365f 36340000
        0300 0b00 4c696e75 7820362e 312e3000
        0400 0a00 65646765 64696167 20310000
        0000 0000
    4c000000
    01000000 38000000 6500 0000 00000000
        0200 0200 69700000
        0300 0b00 68616e64 6564206f 76657200
        0900 0100 09000000
        0000 0000
    38000000
    01000000 30000000 0100 0000 00000000
        0200 0400 65746830
        0300 0300 74617000
        0900 0100 09000000
        0000 0000
    30000000
    06000000 70000000 00000000 HIGH LOW1 1d000000 1d000000
        4500001d 12344000 07117549 c000020a c6336415 9c401194 0009668c ff000000
        0100 2000 70726f62 6520313a 20636865 636b2072 6176656e 2d74756e 6e656c2d 34353030
        0200 0400 02000000
        0000 0000
    70000000
    06000000 54000000 01000000 HIGH LOW2 28000000 2b000000
        02000000 00020200 00000001 08004500 001d1234 40000711 7549c000 020ac633 64159c40 11940009
        0200 0400 01000000
        0000 0000
    54000000
    05000000 28000000 00000000 HIGH LOW2
        0700 0800 0000000000000000
        0000 0000
    28000000
    05000000 28000000 01000000 HIGH LOW2
        0700 0800 0300000000000000
        0000 0000
    28000000
"""


def little(number: int) -> str:
    """32 bits, the lowest octet first."""
    return number.to_bytes(4, "little").hex()


def test_encodes_to_exact_octets() -> None:
    words = {
        "HIGH": little(SEEN_NS >> 32),
        "LOW1": little(SEEN_NS & 0xFFFFFFFF),
        "LOW2": little((SEEN_NS + 1000) & 0xFFFFFFFF),
    }
    exact = EXACT
    for name, octets in words.items():
        exact = exact.replace(name, octets)
    assert encode_pcapng(CAPTURE).hex(" ", 4) == bytes.fromhex(exact).hex(" ", 4)


def test_reads_its_own_files_back() -> None:
    assert decode_pcapng(encode_pcapng(CAPTURE)) == CAPTURE


def with_comment(comment: str) -> Capture:
    """The capture, its first frame with this comment."""
    first, second = CAPTURE.frames
    return replace(CAPTURE, frames=(replace(first, comment=comment), second))


def comment_of(octets: bytes) -> str | None:
    """The comment that stands on the first frame of a file."""
    capture = decode_pcapng(octets)
    return capture.frames[0].comment if capture else None


@pytest.mark.parametrize(
    ("comment", "shown"),
    [
        pytest.param("blocked → on-path «hop 2»", "blocked → on-path «hop 2»", id="text stays"),
        pytest.param("a\nb\tc", "a\\nb\\tc", id="a comment is one line"),
        pytest.param("\x1b[31mred\x07", "\\x1b[31mred\\x07", id="nothing steers a terminal"),
        pytest.param("abc\u202edcba", "abc\\u202edcba", id="nothing turns the text around"),
        pytest.param("name\ud800", "name\\ud800", id="half a surrogate pair"),
        pytest.param("é" * 40000, "é" * 32767, id="what is too long is cut between letters"),
    ],
)
def test_a_comment_is_printable_text(comment: str, shown: str) -> None:
    assert comment_of(encode_pcapng(with_comment(comment))) == shown


def test_a_capture_may_be_empty() -> None:
    empty = Capture(
        section=Section(hardware="", operating_system="", application=""),
        interfaces=(),
        frames=(),
    )
    assert decode_pcapng(encode_pcapng(empty)) == empty


printable = st.text(max_size=20).filter(str.isprintable)
captures = st.builds(
    Capture,
    section=st.builds(
        Section, hardware=printable, operating_system=printable, application=printable
    ),
    interfaces=st.tuples(
        st.builds(
            CaptureInterface,
            name=printable,
            description=printable,
            link_type=st.sampled_from(LinkType),
            dropped=st.integers(0, 2**64 - 1),
        )
    ),
    frames=st.lists(
        st.builds(
            Frame,
            interface=st.just(0),
            seen_ns=st.integers(0, 2**64 - 1),
            direction=st.sampled_from(FrameDirection),
            octets=st.binary(max_size=80),
            original_length=st.integers(80, 2**32 - 1),
            comment=printable,
        ),
        max_size=4,
    ).map(tuple),
)


@given(capture=captures)
def test_what_is_encoded_is_decoded_to_the_same_capture(capture: Capture) -> None:
    assert decode_pcapng(encode_pcapng(capture)) == capture


FILE = encode_pcapng(CAPTURE)
SECTION_HEADER, INTERFACES = FILE[:76], FILE[76:180]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="empty"),
        pytest.param(FILE[:-1], id="one octet short"),
        pytest.param(FILE + bytes(4), id="four octets too many"),
        pytest.param(FILE.removeprefix(SECTION_HEADER), id="no section header"),
        pytest.param(bytes.fromhex("0a0d0d0a 0c000000 0c000000"), id="an empty section header"),
        pytest.param(FILE.replace(b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"), id="big-endian"),
        pytest.param(FILE.replace(b"\x09\0\x01\0\x09", b"\x09\0\x01\0\x06"), id="microseconds"),
        pytest.param(
            FILE.replace(b"\x65\0\0\0\0\0\0\0", b"\x66\0\0\0\0\0\0\0"), id="link type 102"
        ),
        pytest.param(
            FILE.replace(INTERFACES, b""), id="frames of an interface that is not described"
        ),
        pytest.param(bytes.fromhex("d4c3b2a1 0200 0400") + bytes(16), id="a classic pcap file"),
    ],
)
def test_any_other_file_is_none(octets: bytes) -> None:
    assert decode_pcapng(octets) is None


def test_blocks_of_other_types_are_passed_over() -> None:
    # A Name Resolution Block (§4.5) with its end record alone.
    names = bytes.fromhex("04000000 10000000 00000000 10000000")
    assert decode_pcapng(FILE.replace(INTERFACES, names + INTERFACES)) == CAPTURE


@given(octets=st.binary(max_size=200))
def test_any_octets_are_a_capture_or_none_never_an_exception(octets: bytes) -> None:
    assert isinstance(decode_pcapng(octets), Capture | None)


@given(at=st.integers(0, len(FILE)), patch=st.binary(max_size=6), cut=st.integers(0, 8))
def test_a_damaged_file_is_a_capture_or_none_never_an_exception(
    at: int, patch: bytes, cut: int
) -> None:
    damaged = FILE[:at] + patch + FILE[at + len(patch) + cut :]
    assert isinstance(decode_pcapng(damaged), Capture | None)


def tool(name: str) -> str:
    """The path of a Wireshark command-line tool, or the test is skipped."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name}")
    return path


def test_tshark_shows_comment_time_interface_and_direction(tmp_path: Path) -> None:
    file = tmp_path / "capture.pcapng"
    file.write_bytes(FILE)
    fields = ("frame.comment", "frame.time_epoch", "frame.interface_name", "frame.packet_flags")
    command = [tool("tshark"), "-r", str(file), "-T", "fields", "-E", "separator=|"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "probe 1: check raven-tunnel-4500|1795381200.123456789|ip|0x00000002",
        "|1795381200.123457789|eth0|0x00000001",
    ]


def test_capinfos_names_the_writer(tmp_path: Path) -> None:
    file = tmp_path / "capture.pcapng"
    file.write_bytes(FILE)
    command = [tool("capinfos"), "-F", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Capture application: edgediag 1" in done.stdout.splitlines()
