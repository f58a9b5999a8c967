"""The kernel as the other end: it takes our packets for good and we understand its answers."""

import os
import select
import socket
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import IcmpError, Packet, Payload, Quote
from edgediag.model.probe import Probe, Purpose, Schedule, Way
from edgediag.model.reply import EchoReply, Reset, SynAck
from edgediag.probes import packet_codec
from edgediag.probes.codec import Timing
from edgediag.probes.tcp_syn import courtesy
from edgediag.wire.headers import decode, encode
from edgediag.wire.link_type import LinkType

OURS = IPv4Address("192.0.2.10")
HOST = IPv4Address("192.0.2.1")
BEYOND = IPv4Address("198.51.100.21")
NOW = Timing(sent_s=0.0, received_s=0.0)

pytestmark = pytest.mark.netns


@pytest.fixture
def host(tun: int) -> Iterator[int]:
    """The kernel as host 192.0.2.1, and as the router to 198.51.100.0/24."""
    for command in (
        "ip address add 192.0.2.1/24 dev eWtun0",
        "ip route add 198.51.100.0/24 dev eWtun0",
        "sysctl -q net.ipv4.ip_forward=1",
    ):
        subprocess.run(command.split(), check=True)
    yield tun


@pytest.fixture
def open_port(host: int) -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server((str(HOST), 0)) as server:
        yield server.getsockname()[1]


def probe(
    kind: ProbeKind, protocol: Protocol, *, port: int, to: IPv4Address = HOST, hop_limit: int = 64
) -> Probe:
    """A probe from 192.0.2.10 port 40000."""
    return Probe(
        id=1,
        check="check",
        purpose=Purpose.CHECK,
        kind=kind,
        way=Way.IP_STACK,
        flow=Flow(
            protocol=protocol,
            source=OURS,
            source_port=40000,
            destination=to,
            destination_port=port,
        ),
        hop_limit=hop_limit,
        ip_id=7,
        token=0x0123456789ABCDEF,
        name="",
        schedule=Schedule(offsets_s=(0.0,), timeout_s=1.0),
    )


def send(tun: int, probe: Probe, payload: Payload) -> None:
    """Put a packet of the probe's on the wire."""
    packet = Packet(flow=probe.flow, hop_limit=probe.hop_limit, ip_id=7, payload=payload)
    os.write(tun, encode(packet))


def answer(tun: int, probe: Probe) -> Packet:
    """Send the probe; the first packet that comes to us."""
    send(tun, probe, packet_codec(probe.kind).build(probe))
    for _ in range(20):
        assert select.select([tun], [], [], 2.0)[0], "the kernel did not answer"
        packet = decode(os.read(tun, 2048), LinkType.RAW)
        if packet is not None and packet.flow.destination == OURS:
            return packet
    raise AssertionError("the kernel talked to everybody but us")


def half_open(port: int) -> int:
    """How many connections to the port wait for the last step of the handshake."""
    rows = [line.split() for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]]
    # State 3 is SYN_RECV (include/net/tcp_states.h).
    return sum(row[3] == "03" and row[1].endswith(f":{port:04X}") for row in rows)


def test_a_listening_port_answers_and_is_left_clean(host: int, open_port: int) -> None:
    syn = probe(ProbeKind.TCP_SYN, Protocol.TCP, port=open_port)
    packet = answer(host, syn)
    before = half_open(open_port)
    closing = courtesy(syn, packet)
    assert closing is not None
    send(host, syn, closing)
    reply = packet_codec(syn.kind).match(syn, packet, NOW)
    assert (reply, before, half_open(open_port)) == (SynAck(hop_limit=64), 1, 0)


def test_a_closed_port_resets(host: int) -> None:
    syn = probe(ProbeKind.TCP_SYN, Protocol.TCP, port=1)
    assert packet_codec(syn.kind).match(syn, answer(host, syn), NOW) == Reset(hop_limit=64)


def test_a_host_returns_an_echo(host: int) -> None:
    echo = probe(ProbeKind.ICMP_ECHO, Protocol.ICMP, port=40000)
    assert packet_codec(echo.kind).match(echo, answer(host, echo), NOW) == EchoReply(hop_limit=64)


@pytest.mark.parametrize(
    ("sent", "type_", "code", "sequence"),
    [
        pytest.param(
            probe(ProbeKind.NTP, Protocol.UDP, port=123), 3, 3, None, id="a closed UDP port"
        ),
        pytest.param(
            probe(ProbeKind.TCP_SYN, Protocol.TCP, port=443, to=BEYOND, hop_limit=1),
            11,
            0,
            0x89ABCDEF,
            id="a SYN whose hop limit is used up",
        ),
        pytest.param(
            probe(ProbeKind.ICMP_ECHO, Protocol.ICMP, port=40000, to=BEYOND, hop_limit=1),
            11,
            0,
            7,
            id="an echo whose hop limit is used up",
        ),
        pytest.param(
            probe(ProbeKind.IKE_SA_INIT, Protocol.UDP, port=4500, to=IPv4Address("203.0.113.1")),
            3,
            0,
            None,
            id="no route",
        ),
    ],
)
def test_an_error_quotes_the_probe(
    host: int, sent: Probe, type_: int, code: int, sequence: int | None
) -> None:
    quote = Quote(flow=sent.flow, hop_limit=sent.hop_limit, ip_id=7, sequence=sequence)
    packet = answer(host, sent)
    expected = IcmpError(type_=type_, code=code, quote=quote)
    assert (packet.flow.source, packet.payload) == (HOST, expected)
