"""A dry run writes down what would be sent, and sends nothing."""

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.exchange import Action, CloseStream, OpenStream, SendDatagram, SendPacket
from edgediag.model.flow import Protocol
from edgediag.model.packet import Packet
from edgediag.model.probe import Way
from edgediag.net.dry import DryWire
from edgediag.net.wire import Wire
from edgediag.probes import packet_codec
from edgediag.run import Loop
from edgediag.session.machine import Session
from story import flow, probe

SYN = probe(ProbeKind.TCP_SYN)
API = flow(Protocol.TCP, port=6443, source_port=40001)


def packet(way: Way) -> SendPacket:
    payload = packet_codec(SYN.kind).build(SYN)
    sent = Packet(flow=SYN.flow, hop_limit=64, ip_id=1, payload=payload)
    return SendPacket(probe=1, way=way, packet=sent, next_hop=None)


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        pytest.param(
            packet(Way.IP_STACK),
            ["raw-ip        tcp 192.0.2.10 port 40000 -> 198.51.100.21 port 443"],
            id="a packet",
        ),
        pytest.param(
            packet(Way.LINK),
            ["link-layer    tcp 192.0.2.10 port 40000 -> 198.51.100.21 port 443"],
            id="a frame",
        ),
        pytest.param(
            SendDatagram(probe=1, flow=flow(), payload=bytes(376)),
            ["kernel-socket udp 192.0.2.10 port 40000 -> 198.51.100.21 port 4500, 376 octets"],
            id="a datagram",
        ),
        pytest.param(
            OpenStream(probe=1, flow=API, payload=bytes(250), segment_octets=None),
            [
                "kernel-socket tcp 192.0.2.10 port 40001 -> 198.51.100.21 port 6443,"
                " connect, then 250 octets"
            ],
            id="a stream that says something",
        ),
        pytest.param(
            OpenStream(probe=1, flow=API, payload=b"", segment_octets=None),
            [
                "kernel-socket tcp 192.0.2.10 port 40001 -> 198.51.100.21 port 6443,"
                " connect, then close"
            ],
            id="a stream that says nothing",
        ),
        pytest.param(CloseStream(probe=1), [], id="to close sends nothing of its own"),
    ],
)
def test_an_action_is_a_line(action: Action, lines: list[str]) -> None:
    wire = DryWire()
    assert wire.execute(action) == ()
    assert wire.lines == lines


def test_it_is_a_wire_on_which_nothing_happens() -> None:
    wire: Wire = DryWire()
    wire.close()
    assert (wire.wait(60.0), wire.dropped()) == ((), 0)


class StoppedClock:
    """Time stands still."""

    def now_s(self) -> float:
        return 1000.0


def test_with_a_loop_that_is_stopped_every_first_try_is_written_once() -> None:
    probes = [probe(ProbeKind.TCP_SYN, id_=n, on=flow(source_port=40000 + n)) for n in range(300)]
    wire = DryWire()
    loop = Loop(wire, Session(rate_pps=1e9), StoppedClock(), is_stopped=lambda: True)
    loop.submit(probes, {})
    loop.settle(probes)
    assert len(wire.lines) == len(set(wire.lines)) == 300
