"""A datagram in the shape of IKE_AUTH, which nobody answers."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, UdpDatagram
from edgediag.model.probe import Padding, Probe
from edgediag.model.tunnel import IkeExchange, IkeMessage
from edgediag.probes.codec import Timing
from edgediag.probes.ike_auth import build, match
from edgediag.probes.token import derived_octets
from edgediag.wire.passing import read_passing


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A datagram with token 0123456789abcdef to port 4500."""
    return make_probe(ProbeKind.IKE_AUTH)


def test_builds_exact_octets(probe: Probe) -> None:
    spis = derived_octets(probe.token, label="ike-auth-spis", count=16).hex()
    sealed = derived_octets(probe.token, label="ike-auth", count=373).hex()
    header = "00000000" + spis + "2e20230800000001" + "00000195"
    exact = bytes.fromhex(header + "23000179" + sealed)
    assert (build(probe), len(exact)) == (UdpDatagram(payload=exact), 409)


@pytest.mark.parametrize(
    ("size_octets", "expected"),
    [
        pytest.param(272, 244, id="as long as it is to be"),
        pytest.param(28, 36, id="no shorter than its headers"),
    ],
)
def test_is_as_long_as_what_it_resembles(probe: Probe, size_octets: int, expected: int) -> None:
    padded = replace(probe, padding=Padding(size_octets=size_octets, fragment_octets=0))
    assert len(build(padded).payload) == expected


def test_reads_as_the_second_exchange_of_an_initiator(probe: Probe) -> None:
    payload = build(probe).payload
    message = read_passing(payload, len(payload), is_marked=True)
    assert isinstance(message, IkeMessage)
    assert (message.exchange, message.message_id) == (IkeExchange.AUTH, 1)
    assert (message.is_response, message.has_sa) == (False, False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=100))
def test_nothing_answers_it(probe: Probe, octets: bytes) -> None:
    packet = Packet(
        flow=probe.flow.reversed(), hop_limit=60, ip_id=1, payload=UdpDatagram(payload=octets)
    )
    assert match(probe, packet, Timing(sent_s=0.0, received_s=0.0)) is None
