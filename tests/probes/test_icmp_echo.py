"""ICMP echo: only the very request comes back as an answer."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import IcmpEcho, Packet, Payload, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import EchoReply, Reply
from edgediag.probes.codec import Timing
from edgediag.probes.icmp_echo import build, match

NOW = Timing(sent_s=0.0, received_s=0.0)

DATA = bytes.fromhex("0123456789abcdef" * 7)
REPLY = IcmpEcho(is_reply=True, identifier=40000, sequence=7, payload=DATA)


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """An echo request with identifier 40000."""
    return make_probe(ProbeKind.ICMP_ECHO)


def test_builds_a_request_with_the_token_as_data(probe: Probe) -> None:
    assert build(probe) == replace(REPLY, is_reply=False)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(REPLY, EchoReply(hop_limit=57), id="our request returned"),
        pytest.param(replace(REPLY, is_reply=False), None, id="our request sent back"),
        pytest.param(replace(REPLY, identifier=40001), None, id="another identifier"),
        pytest.param(replace(REPLY, sequence=8), None, id="another sequence number"),
        pytest.param(replace(REPLY, payload=bytes(56)), None, id="another nonce"),
        pytest.param(replace(REPLY, payload=DATA[:-1]), None, id="one octet short"),
        pytest.param(replace(REPLY, payload=b""), None, id="empty"),
        pytest.param(UdpDatagram(payload=DATA), None, id="not ICMP"),
    ],
)
def test_reads_an_answer(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    payload: Payload,
    expected: Reply | None,
) -> None:
    assert match(probe, make_answer(probe, payload), NOW) == expected


def test_a_reply_from_another_host_is_a_strangers(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    answer = make_answer(probe, REPLY)
    stranger = replace(answer, flow=replace(answer.flow, source=IPv4Address("203.0.113.9")))
    assert match(probe, stranger, NOW) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(is_reply=st.booleans(), sequence=st.integers(0, 65535), data=st.binary(max_size=60))
def test_any_echo_is_a_reply_or_none_never_an_exception(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    is_reply: bool,
    sequence: int,
    data: bytes,
) -> None:
    echo = IcmpEcho(is_reply=is_reply, identifier=40000, sequence=sequence, payload=data)
    assert isinstance(match(probe, make_answer(probe, echo), NOW), EchoReply | None)
