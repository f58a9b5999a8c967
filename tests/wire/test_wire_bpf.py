"""The tap's filter: run by an interpreter of our own, and by the kernel."""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpEcho, Packet, Payload, TcpSegment, UdpDatagram
from edgediag.wire.bpf import Instruction, listening_filter, tap_filter
from edgediag.wire.fragments import fragments
from edgediag.wire.headers import encode

FIRST, LAST = 40000, 40015
PROGRAM = tap_filter(FIRST, LAST)

EDGE, CLOUD = IPv4Address("192.0.2.10"), IPv4Address("198.51.100.21")
EDGE6, CLOUD6 = IPv6Address("2001:db8::10"), IPv6Address("2001:db8:1::21")
MACS = bytes(12)

ETHER, LOOPBACK, NONE = 1, 772, 65534
"""Hardware types (linux/if_arp.h); the last is that of a tun device, without a link layer."""


def run(program: tuple[Instruction, ...], frame: bytes, hardware: int) -> int:
    """What a classic BPF machine returns for a frame as a SOCK_RAW packet socket sees it.

    source  Linux, Documentation/networking/filter.rst; a load beyond the packet returns 0
    """
    network = 14 if hardware in (ETHER, LOOPBACK) else 0
    version = frame[network] >> 4 if len(frame) > network else 0
    ethertype = int.from_bytes(frame[12:14], "big")
    protocol = ethertype if network else {4: 0x0800, 6: 0x86DD}.get(version, 0)
    ancillary = {0xFFFFF000: protocol, 0xFFFFF01C: hardware}
    a = x = at = 0
    while True:
        code, k = program[at].code, program[at].k
        at += 1
        if code == 0x06:
            return k
        if code == 0x28 and k in ancillary:
            a = ancillary[k]
        elif code in (0x40, 0x48, 0x50):
            octets = {0x40: 4, 0x48: 2, 0x50: 1}[code]
            offset = (x + k) % 2**32
            start = offset - 0xFFF00000 + network if offset >= 0xFFF00000 else offset
            if start + octets > len(frame):
                return 0
            a = int.from_bytes(frame[start : start + octets], "big")
        elif code == 0x05:
            at += k
        elif code in JUMPS:
            at += program[at - 1].jt if JUMPS[code](a, k) else program[at - 1].jf
        else:
            a, x = STEPS[code](a, x, k)


JUMPS = {
    0x15: lambda a, k: a == k,
    0x25: lambda a, k: a > k,
    0x35: lambda a, k: a >= k,
    0x45: lambda a, k: bool(a & k),
}

STEPS = {
    0x01: lambda a, x, k: (a, k),
    0x04: lambda a, x, k: ((a + k) % 2**32, x),
    0x0C: lambda a, x, k: ((a + x) % 2**32, x),
    0x54: lambda a, x, k: (a & k, x),
    0x64: lambda a, x, k: ((a << k) % 2**32, x),
    0x07: lambda a, x, k: (a, a),
    0x87: lambda a, x, k: (x, x),
}


def datagram(payload: Payload, source_port: int, destination_port: int, *, is_ipv6: bool) -> bytes:
    """The octets of an IP packet between EDGE and CLOUD."""
    protocols: dict[type[Payload], Protocol] = {
        TcpSegment: Protocol.TCP,
        UdpDatagram: Protocol.UDP,
    }
    flow = Flow(
        protocol=protocols.get(type(payload), Protocol.ICMP),
        source=EDGE6 if is_ipv6 else EDGE,
        source_port=source_port,
        destination=CLOUD6 if is_ipv6 else CLOUD,
        destination_port=destination_port,
    )
    ip_id = None if is_ipv6 else 1
    return encode(Packet(flow=flow, hop_limit=64, ip_id=ip_id, payload=payload))


def framed(octets: bytes) -> bytes:
    """The packet behind an Ethernet header."""
    return MACS + (b"\x86\xdd" if octets[0] >> 4 == 6 else b"\x08\x00") + octets


SYN = TcpSegment(flags="S", sequence=1, acknowledgement=0, window=64240, payload=b"")
UDP = UdpDatagram(payload=b"\xff")
IKE = UdpDatagram(payload=bytes(4) + b"spi")
ESP = UdpDatagram(payload=b"\x81spi" + b"sealed")
ECHO = IcmpEcho(is_reply=False, identifier=1, sequence=1, payload=b"")


@given(
    payload=st.sampled_from([SYN, UDP]),
    source=st.integers(FIRST - 2, LAST + 2) | st.integers(0, 65535),
    destination=st.integers(FIRST - 2, LAST + 2) | st.integers(0, 65535),
    is_ipv6=st.booleans(),
    hardware=st.sampled_from([ETHER, LOOPBACK, NONE]),
)
def test_accepts_exactly_the_ports_of_the_run(
    payload: Payload, source: int, destination: int, is_ipv6: bool, hardware: int
) -> None:
    octets = datagram(payload, source, destination, is_ipv6=is_ipv6)
    frame = octets if hardware == NONE else framed(octets)
    is_ours = FIRST <= source <= LAST or FIRST <= destination <= LAST
    assert (run(PROGRAM, frame, hardware) >= len(frame)) is is_ours


@pytest.mark.parametrize(
    ("payload", "ports", "is_accepted"),
    [
        pytest.param(IKE, (4500, 4500), True, id="IKE between the tunnel's own ports"),
        pytest.param(IKE, (4500, 9), True, id="IKE from the tunnel's port"),
        pytest.param(IKE, (9, 4500), True, id="IKE to the tunnel's port"),
        pytest.param(IKE, (4501, 4499), False, id="the same between others"),
        pytest.param(ESP, (4500, 4500), False, id="ESP, which a tunnel is full of"),
        pytest.param(UDP, (4500, 4500), False, id="a keep-alive"),
    ],
)
def test_of_the_tunnels_own_port_it_accepts_ike_alone(
    payload: Payload, ports: tuple[int, int], is_accepted: bool
) -> None:
    octets = datagram(payload, *ports, is_ipv6=False)
    assert (run(PROGRAM, framed(octets), ETHER) > 0) is is_accepted


@pytest.mark.parametrize(
    ("source", "piece", "is_accepted"),
    [
        pytest.param(FIRST, 0, True, id="the first piece of the run's datagram"),
        pytest.param(FIRST, 1, False, id="a later piece"),
        pytest.param(LAST + 1, 0, False, id="the first piece of another's"),
    ],
)
@pytest.mark.parametrize("hardware", [ETHER, NONE])
def test_of_a_datagram_of_ipv6_in_pieces_it_accepts_the_first(
    source: int, piece: int, is_accepted: bool, hardware: int
) -> None:
    long = UdpDatagram(payload=b"\xff" * 1500)
    octets = fragments(datagram(long, source, 9, is_ipv6=True), 1280)[piece]
    frame = octets if hardware == NONE else framed(octets)
    assert (run(PROGRAM, frame, hardware) >= len(frame)) is is_accepted


def in_frame(
    type_: int, identifier: int, *, ethertype: int = 0x0800, number: int = 1
) -> UdpDatagram:
    """An ICMP message of 8 octets in a VXLAN frame."""
    inner = struct.pack("!BBHHHBBH", 0x45, 0, 28, 0, 0, 64, number, 0) + bytes(8)
    message = struct.pack("!BBHHH", type_, 0, 0, identifier, 1)
    header = bytes.fromhex("0800000000000100")
    return UdpDatagram(payload=header + bytes(12) + ethertype.to_bytes(2, "big") + inner + message)


@pytest.mark.parametrize(
    ("payload", "is_accepted"),
    [
        pytest.param(in_frame(0, FIRST), True, id="a reply to the run's echo"),
        pytest.param(in_frame(8, LAST), True, id="the run's echo, from whatever port"),
        pytest.param(in_frame(0, LAST + 1), False, id="a reply to somebody else"),
        pytest.param(in_frame(0, FIRST - 1), False, id="likewise"),
        pytest.param(in_frame(3, FIRST), False, id="an error"),
        pytest.param(in_frame(0, FIRST, number=17), False, id="no ICMP"),
        pytest.param(in_frame(0, FIRST, ethertype=0x86DD), False, id="no IPv4"),
        pytest.param(UdpDatagram(payload=b"\x08" + bytes(20)), False, id="cut off"),
    ],
)
@pytest.mark.parametrize("hardware", [ETHER, NONE])
def test_of_an_overlay_it_accepts_the_runs_echoes_alone(
    payload: Payload, is_accepted: bool, hardware: int
) -> None:
    octets = datagram(payload, 51234, 8472, is_ipv6=False)
    frame = octets if hardware == NONE else framed(octets)
    assert (run(PROGRAM, frame, hardware) >= len(frame)) is is_accepted


LISTENING = listening_filter()
HEADERS, IKE_WHOLE = 128, 2048


@pytest.mark.parametrize(
    ("payload", "ports", "kept"),
    [
        pytest.param(IKE, (4500, 4500), IKE_WHOLE, id="IKE between the tunnel's own ports"),
        pytest.param(IKE, (4500, 9), IKE_WHOLE, id="IKE from the tunnel's port"),
        pytest.param(IKE, (9, 4500), IKE_WHOLE, id="IKE to the tunnel's port"),
        pytest.param(UDP, (500, 500), IKE_WHOLE, id="whatever is said on the port of IKE"),
        pytest.param(UDP, (9, 500), IKE_WHOLE, id="likewise to it"),
        pytest.param(ESP, (4500, 4500), HEADERS, id="ESP"),
        pytest.param(UDP, (4500, 4500), HEADERS, id="a keep-alive, shorter than a marker"),
        pytest.param(IKE, (4501, 4499), 0, id="other ports"),
        pytest.param(SYN, (4500, 4500), 0, id="TCP"),
        pytest.param(ECHO, (0, 0), 0, id="ICMP"),
    ],
)
@pytest.mark.parametrize("is_ipv6", [False, True])
@pytest.mark.parametrize("hardware", [ETHER, NONE])
def test_how_much_is_listened_to(
    payload: Payload, ports: tuple[int, int], kept: int, is_ipv6: bool, hardware: int
) -> None:
    octets = datagram(payload, *ports, is_ipv6=is_ipv6)
    frame = octets if hardware == NONE else framed(octets)
    assert run(LISTENING, frame, hardware) == kept


@pytest.mark.parametrize("hardware", [ETHER, NONE])
@pytest.mark.parametrize("is_ipv6", [False, True])
def test_accepts_icmp_whatever_it_carries(is_ipv6: bool, hardware: int) -> None:
    octets = datagram(ECHO, 1, 1, is_ipv6=is_ipv6)
    assert run(PROGRAM, octets if hardware == NONE else framed(octets), hardware) > 0


@pytest.mark.parametrize(
    ("type_", "is_accepted"),
    [
        pytest.param(1, True, id="unreachable"),
        pytest.param(2, True, id="too big"),
        pytest.param(3, True, id="expired"),
        pytest.param(4, True, id="a parameter problem"),
        pytest.param(129, True, id="an answer to an echo"),
        pytest.param(130, False, id="who listens to multicast"),
        pytest.param(135, False, id="who has an address"),
    ],
)
def test_of_icmpv6_it_takes_errors_and_echoes(type_: int, is_accepted: bool) -> None:
    octets = bytearray(datagram(ECHO, 1, 1, is_ipv6=True))
    octets[40] = type_
    assert (run(PROGRAM, framed(bytes(octets)), ETHER) > 0) is is_accepted


OURS = datagram(SYN, FIRST, 443, is_ipv6=False)
OURS6 = datagram(SYN, FIRST, 443, is_ipv6=True)
ANSWER = datagram(SYN, 443, FIRST, is_ipv6=False)


@pytest.mark.parametrize(
    ("octets", "is_accepted"),
    [
        pytest.param(OURS, True, id="a SYN of ours"),
        pytest.param(OURS[:6] + b"\x20\x00" + OURS[8:], True, id="a first fragment"),
        pytest.param(OURS[:6] + b"\x20\x01" + OURS[8:], False, id="a later fragment"),
        pytest.param(
            b"\x48" + OURS[1:20] + bytes(12) + OURS[20:], True, id="behind 12 octets of options"
        ),
        pytest.param(b"\x4f" + OURS[1:], False, id="options that reach beyond the packet"),
        pytest.param(ANSWER[:23], False, id="cut off inside the only port of ours"),
        pytest.param(OURS[:9] + b"\x32" + OURS[10:], False, id="ESP"),
        pytest.param(OURS6[:6] + b"\x2c" + OURS6[7:], False, id="IPv6 with an extension header"),
    ],
)
def test_judges_by_the_network_header(octets: bytes, is_accepted: bool) -> None:
    assert (run(PROGRAM, framed(octets), ETHER) > 0) is is_accepted


def test_rejects_what_is_not_ip() -> None:
    assert run(PROGRAM, MACS + b"\x08\x06" + bytes(28), ETHER) == 0


@given(frame=st.binary(max_size=90), hardware=st.sampled_from([ETHER, NONE, 512]))
def test_ends_on_any_frame(frame: bytes, hardware: int) -> None:
    assert run(PROGRAM, frame, hardware) in (0, 0x40000)


def test_every_jump_stays_inside_the_program() -> None:
    reached = [at + 1 + max(line.jt, line.jf) for at, line in enumerate(PROGRAM)]
    reached += [at + 1 + line.k for at, line in enumerate(PROGRAM) if line.code == 0x05]
    assert (max(reached) <= len(PROGRAM), max(line.jt for line in PROGRAM) < 256) == (True, True)


@contextmanager
def tap(interface: str) -> Iterator[socket.socket]:
    """A packet socket with the filter attached before it can queue anything else."""
    program = b"".join(struct.pack("=HBBI", i.code, i.jt, i.jf, i.k) for i in PROGRAM)
    buffer = ctypes.create_string_buffer(program)
    fprog = struct.pack("@HP", len(PROGRAM), ctypes.addressof(buffer))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packet_socket:
        packet_socket.setsockopt(socket.SOL_SOCKET, 26, fprog)  # SO_ATTACH_FILTER
        packet_socket.bind((interface, 0x0003))  # ETH_P_ALL
        packet_socket.settimeout(2.0)
        yield packet_socket


def sent_to(port: int) -> bytes:
    """A datagram to this port."""
    return datagram(UDP, 9, port, is_ipv6=False)


@pytest.mark.netns
def test_the_kernel_runs_it_on_a_device_without_a_link_layer(tun: int) -> None:
    wanted = [sent_to(FIRST), sent_to(LAST), OURS, OURS6, datagram(ECHO, 1, 1, is_ipv6=False)]
    unwanted = [sent_to(FIRST - 1), sent_to(LAST + 1), OURS[:6] + b"\x20\x01" + OURS[8:]]
    with tap("eWtun0") as packet_socket:
        for octets in [*unwanted, *wanted]:
            os.write(tun, octets)
        assert [packet_socket.recv(2048) for _ in wanted] == wanted


@pytest.mark.netns
def test_the_kernel_runs_it_on_an_ethernet_device(private_network: None) -> None:
    with tap("lo") as packet_socket, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for port in (FIRST - 1, FIRST, LAST + 1, LAST):
            sender.sendto(b"x", ("127.0.0.1", port))
        ports: set[int] = set()
        while ports != {FIRST, LAST}:
            frame = packet_socket.recv(2048)
            # Port unreachable errors pass too: they are ICMP.
            if frame[14 + 9] == socket.IPPROTO_UDP:
                ports.add(int.from_bytes(frame[36:38], "big"))
        assert ports == {FIRST, LAST}
