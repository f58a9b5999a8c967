"""A datagram in the shape of ESP, which nobody answers."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.probes.codec import Timing
from edgediag.probes.esp_in_udp import build, match
from edgediag.probes.token import derived_octets


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A datagram with token 0123456789abcdef to port 4500."""
    return make_probe(ProbeKind.ESP_IN_UDP)


def test_builds_exact_octets(probe: Probe) -> None:
    sealed = derived_octets(probe.token, label="esp", count=80).hex()
    exact = bytes.fromhex("81234567" + "00000001" + sealed)
    assert (build(probe), len(exact)) == (UdpDatagram(payload=exact), 88)


def test_an_spi_is_never_taken_for_ike_or_reserved(make_probe: Callable[..., Probe]) -> None:
    spi = build(make_probe(ProbeKind.ESP_IN_UDP, token=0)).payload[:4]
    assert int.from_bytes(spi, "big") > 255


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=100))
def test_nothing_answers_it(probe: Probe, octets: bytes) -> None:
    packet = Packet(
        flow=probe.flow.reversed(), hop_limit=60, ip_id=1, payload=UdpDatagram(payload=octets)
    )
    assert match(probe, packet, Timing(sent_s=0.0, received_s=0.0)) is None
