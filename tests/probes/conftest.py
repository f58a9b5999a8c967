"""A probe of any kind, and packets on the way back."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import TypeAlias

import pytest

from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Flow, Protocol
from edgediag.model.overlay import Encapsulation
from edgediag.model.packet import Packet, Payload
from edgediag.model.probe import NO_OVERLAY, Probe, Purpose, Schedule, Way

MakeProbe: TypeAlias = Callable[..., Probe]
MakeAnswer: TypeAlias = Callable[[Probe, Payload], Packet]

PORTS = {
    ProbeKind.TCP_SYN: (Protocol.TCP, 443),
    ProbeKind.TCP_CONNECT: (Protocol.TCP, 443),
    ProbeKind.TLS_CLIENT_HELLO: (Protocol.TCP, 443),
    ProbeKind.TLS_FLIGHT: (Protocol.TCP, 443),
    ProbeKind.HTTP_CONNECT: (Protocol.TCP, 3128),
    ProbeKind.IKE_SA_INIT: (Protocol.UDP, 4500),
    ProbeKind.IKE_AUTH: (Protocol.UDP, 4500),
    ProbeKind.ESP_IN_UDP: (Protocol.UDP, 4500),
    ProbeKind.NTP: (Protocol.UDP, 123),
    ProbeKind.DNS: (Protocol.UDP, 53),
    ProbeKind.DNS_TCP: (Protocol.TCP, 53),
    ProbeKind.DNS_AAAA: (Protocol.UDP, 53),
    ProbeKind.ICMP_ECHO: (Protocol.ICMP, 40000),
    ProbeKind.VXLAN: (Protocol.UDP, 8472),
}


# What a device of flannel puts in its frames, with addresses of RFC 5737.
ENCAPSULATION = Encapsulation(
    vni=1,
    has_checksum=True,
    source_mac="02:00:00:00:00:01",
    destination_mac="02:00:00:00:00:02",
    source=IPv4Address("203.0.113.10"),
    destination=IPv4Address("203.0.113.20"),
    identifier=40000,
)


@pytest.fixture
def make_probe() -> MakeProbe:
    """A probe from 192.0.2.10 port 40000 with token 0123456789abcdef, unless told otherwise."""

    def make(
        kind: ProbeKind,
        *,
        token: int = 0x0123456789ABCDEF,
        name: str = "",
        port: int | None = None,
    ) -> Probe:
        protocol, usual_port = PORTS[kind]
        return Probe(
            id=1,
            check="check",
            purpose=Purpose.CHECK,
            kind=kind,
            way=Way.IP_STACK,
            flow=Flow(
                protocol=protocol,
                source=IPv4Address("192.0.2.10"),
                source_port=40000,
                destination=IPv4Address("198.51.100.21"),
                destination_port=usual_port if port is None else port,
            ),
            hop_limit=64,
            ip_id=7,
            token=token,
            name=name,
            schedule=Schedule(offsets_s=(0.0,), timeout_s=1.0),
            encapsulation=ENCAPSULATION if kind is ProbeKind.VXLAN else NO_OVERLAY,
        )

    return make


@pytest.fixture
def make_answer() -> MakeAnswer:
    """A packet with hop limit 57 on the reversed flow of a probe."""

    def make(probe: Probe, payload: Payload) -> Packet:
        return Packet(flow=probe.flow.reversed(), hop_limit=57, ip_id=0, payload=payload)

    return make
