"""An echo inside a VXLAN frame: exact octets out, and whose answer counts."""

import struct
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Flow, Protocol
from edgediag.model.overlay import Encapsulation
from edgediag.model.packet import IcmpEcho, Packet, UdpChecksum, UdpDatagram
from edgediag.model.probe import NO_OVERLAY, Padding, Probe
from edgediag.model.reply import Reply, TunnelledEcho
from edgediag.probes.codec import Timing
from edgediag.probes.vxlan import build, identifier_of, match

NOW = Timing(sent_s=0.0, received_s=0.0)
TOKEN = "0123456789abcdef"

# Written by hand from RFC 7348 §5, RFC 791 §3.1 and RFC 792: what Wireshark calls right is in
# test_dissection.
REQUEST = bytes.fromhex(
    "0800000000000100"  # flags, VNI 1
    "020000000002020000000001" + "0800"  # to the peer's MAC, from ours, IPv4
    "45000054000000004001028a" + "cb00710a" + "cb007114"  # 84 octets, hop limit 64, ICMP
    "080008b19c400007" + TOKEN * 7
)


def answer(*, vni: int = 1, type_: int = 0, sequence: int = 7, data: str = TOKEN * 7) -> bytes:
    """The frame that the peer's kernel sends back; its checksums are not looked at."""
    header = bytes.fromhex(f"08000000{vni << 8:08x}" + "020000000001020000000002" + "0800")
    ends = bytes.fromhex("cb007114" + "cb00710a")
    octets = bytes.fromhex(data)
    inner = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(octets), 9, 0, 64, 1, 0) + ends
    return header + inner + struct.pack("!BBHHH", type_, 0, 0, 40000, sequence) + octets


def from_peer(octets: bytes, *, sender: str = "198.51.100.21", checksum: str = "none") -> Packet:
    """A datagram to the overlay's port of this node, from a port of the peer's choice."""
    return Packet(
        flow=Flow(
            protocol=Protocol.UDP,
            source=IPv4Address(sender),
            source_port=51234,
            destination=IPv4Address("192.0.2.10"),
            destination_port=8472,
        ),
        hop_limit=57,
        ip_id=9,
        payload=UdpDatagram(payload=octets, checksum=UdpChecksum(checksum)),
    )


def bare(*, source: str = "203.0.113.20", identifier: int = 40000) -> Packet:
    """The answer as it comes where it needs no frame."""
    return Packet(
        flow=Flow(
            protocol=Protocol.ICMP,
            source=IPv4Address(source),
            source_port=identifier,
            destination=IPv4Address("203.0.113.10"),
            destination_port=identifier,
        ),
        hop_limit=57,
        ip_id=9,
        payload=IcmpEcho(
            is_reply=True, identifier=identifier, sequence=7, payload=bytes.fromhex(TOKEN * 7)
        ),
    )


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """An echo with identifier 40000 from 203.0.113.10 to 203.0.113.20 in VNI 1."""
    return make_probe(ProbeKind.VXLAN)


def test_builds_exact_octets(probe: Probe) -> None:
    assert build(probe) == UdpDatagram(payload=REQUEST)


def test_sends_no_checksum_where_the_device_sends_none(probe: Probe) -> None:
    assert isinstance(probe.encapsulation, Encapsulation)
    without = replace(probe, encapsulation=replace(probe.encapsulation, has_checksum=False))
    assert build(without).checksum is UdpChecksum.NONE


def test_a_stretched_frame_makes_a_packet_of_the_size_asked_for(probe: Probe) -> None:
    stretched = replace(probe, padding=Padding(size_octets=1500, fragment_octets=0))
    assert len(build(stretched).payload) == 1500 - 20 - 8


def test_a_probe_of_another_kind_has_nothing_to_build(probe: Probe) -> None:
    with pytest.raises(ValueError, match="it goes through no overlay"):
        build(replace(probe, encapsulation=NO_OVERLAY))


BACK = TunnelledEcho(
    is_bare=False, mac="02:00:00:00:00:01", checksum=UdpChecksum.NONE, hop_limit=57
)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(from_peer(answer()), BACK, id="our echo, answered in a frame"),
        pytest.param(
            from_peer(answer(), checksum="wrong"),
            replace(BACK, checksum=UdpChecksum.WRONG),
            id="what its checksum is worth is told",
        ),
        pytest.param(from_peer(answer(data=TOKEN * 2)), BACK, id="the first of its fragments"),
        pytest.param(
            bare(),
            TunnelledEcho(is_bare=True, mac="", checksum=UdpChecksum.UNKNOWN, hop_limit=57),
            id="answered without a frame",
        ),
        pytest.param(from_peer(answer(vni=2)), None, id="another VNI"),
        pytest.param(from_peer(answer(type_=8)), None, id="our request sent back"),
        pytest.param(from_peer(answer(sequence=8)), None, id="another probe's"),
        pytest.param(from_peer(answer(data="00" * 56)), None, id="another nonce"),
        pytest.param(from_peer(answer(data="")), None, id="no nonce"),
        pytest.param(from_peer(answer(), sender="198.51.100.22"), None, id="another node"),
        pytest.param(from_peer(answer()[:57]), None, id="one octet short of an echo"),
        pytest.param(from_peer(b""), None, id="empty"),
        pytest.param(bare(source="203.0.113.21"), None, id="a bare answer of a stranger"),
        pytest.param(bare(identifier=40001), None, id="a bare answer to somebody else"),
    ],
)
def test_reads_an_answer(probe: Probe, packet: Packet, expected: Reply | None) -> None:
    assert match(probe, packet, NOW) == expected


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(from_peer(answer()), 40000, id="a reply in a frame"),
        pytest.param(bare(), 40000, id="a bare reply"),
        pytest.param(from_peer(answer(type_=8)), -1, id="a request in a frame"),
        pytest.param(from_peer(b"\x08"), -1, id="no frame"),
    ],
)
def test_finds_whom_a_reply_is_for(packet: Packet, expected: int) -> None:
    assert identifier_of(packet) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=120), cut=st.integers(0, 114))
def test_any_octets_are_a_reply_or_none_never_an_exception(
    probe: Probe, octets: bytes, cut: int
) -> None:
    packet = from_peer(answer()[:cut] + octets)
    found = match(probe, packet, NOW)
    assert isinstance(found, TunnelledEcho | None)
    assert -1 <= identifier_of(packet) <= 65535
    assert match(replace(probe, encapsulation=NO_OVERLAY), packet, NOW) is None
