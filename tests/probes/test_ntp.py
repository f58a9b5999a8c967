"""NTP: a nonce out, the server's word on the time back."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, Payload, TcpSegment, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import NtpReply
from edgediag.probes.codec import Timing
from edgediag.probes.ntp import build, match

NONCE = "0123456789abcdef"

# 2026-11-22 21:00:00 UTC is eeadd650 seconds after 1900, a quarter of a second 40000000.
SENT_S = 1795381200.0
TIMING = Timing(sent_s=SENT_S, received_s=SENT_S + 0.5)
SERVER_TIME = "eeadd65040000000"

# RFC 5905 §7.3: leap 0, version 4, mode 4, stratum 2, poll 6, precision 2^-20; delay, dispersion,
# reference id and time stamp; origin, receive and transmit time stamps.
HEAD = "24 02 06 ec 00000000 00000000 c0000201 eeadd64000000000"
ANSWER = bytes.fromhex(HEAD + NONCE + SERVER_TIME + SERVER_TIME)

# The server's clock is right: it received and sent a quarter of a second after we sent, and we
# received half a second after: 0.25 there, 0.25 back.
REPLY = NtpReply(stratum=2, leap=0, kiss="", offset_s=0.0, hop_limit=57)


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A request whose transmit time stamp is 0123456789abcdef."""
    return make_probe(ProbeKind.NTP)


def test_builds_exact_octets(probe: Probe) -> None:
    # RFC 5905 §7.3: leap 0, version 4, mode 3; all zero up to the transmit time stamp.
    assert build(probe) == UdpDatagram(payload=bytes.fromhex("23" + "00" * 39 + NONCE))


def patched(at: int, octets: str) -> bytes:
    """The answer with octets replaced."""
    patch = bytes.fromhex(octets)
    return ANSWER[:at] + patch + ANSWER[at + len(patch) :]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(ANSWER, REPLY, id="a synchronised server"),
        pytest.param(ANSWER + bytes(20), REPLY, id="an answer with an authenticator behind it"),
        pytest.param(patched(0, "1c"), REPLY, id="a server of version 3"),
        pytest.param(
            patched(0, "e410"), replace(REPLY, leap=3, stratum=16), id="a clock out of step"
        ),
        pytest.param(
            patched(32, "eeadd65440000000 eeadd65440000000"),
            replace(REPLY, offset_s=4.0),
            id="a server 4 s ahead",
        ),
        pytest.param(
            patched(32, "eeadd64e40000000 eeadd64e40000000"),
            replace(REPLY, offset_s=-2.0),
            id="a server 2 s behind",
        ),
        pytest.param(
            patched(1, "00")[:12] + b"RATE" + patched(1, "00")[16:],
            replace(REPLY, stratum=0, kiss="RATE", offset_s=None),
            id="a kiss-o'-death, its times not believed",
        ),
        pytest.param(
            patched(1, "00")[:12] + b"\x1b[2J" + patched(1, "00")[16:],
            replace(REPLY, stratum=0, kiss="\\x1b[2J", offset_s=None),
            id="a kiss that would clear the screen",
        ),
        pytest.param(
            patched(1, "00")[:12] + b"AB\0\0" + patched(1, "00")[16:],
            replace(REPLY, stratum=0, kiss="AB", offset_s=None),
            id="a kiss of two letters",
        ),
        pytest.param(
            patched(32, "00" * 16),
            replace(REPLY, offset_s=None),
            id="no times at all: no claim about our clock",
        ),
        pytest.param(patched(24, "fedcba9876543210"), None, id="another nonce"),
        pytest.param(patched(0, "23"), None, id="a request"),
        pytest.param(patched(0, "25"), None, id="a broadcast"),
        pytest.param(ANSWER[:-1], None, id="one octet short"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_reads_an_answer(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    message: bytes,
    expected: NtpReply | None,
) -> None:
    assert match(probe, make_answer(probe, UdpDatagram(payload=message)), TIMING) == expected


def test_our_request_sent_back_is_none(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    assert match(probe, make_answer(probe, build(probe)), TIMING) is None


def test_a_segment_is_none(probe: Probe, make_answer: Callable[[Probe, Payload], Packet]) -> None:
    payload = TcpSegment(flags="A", sequence=0, acknowledgement=0, window=0, payload=ANSWER)
    assert match(probe, make_answer(probe, payload), TIMING) is None


def test_an_answer_from_another_port_is_a_strangers(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    answer = make_answer(probe, UdpDatagram(payload=ANSWER))
    stranger = replace(answer, flow=replace(answer.flow, source_port=124))
    assert match(probe, stranger, TIMING) is None


@pytest.mark.parametrize(
    ("our_time_s", "time_stamp", "offset_s"),
    [
        pytest.param(2085978496.0 + 3, "0000000300000000", 0.0, id="both after the turn of 2036"),
        pytest.param(2085978496.0 - 3, "0000000300000000", 6.0, id="the server after, we before"),
        pytest.param(2085978496.0 + 3, "fffffffd00000000", -6.0, id="we after, the server before"),
        pytest.param(0.0, SERVER_TIME, 1795381200.25, id="a clock that says 1970"),
    ],
)
def test_an_era_is_the_nearest(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    our_time_s: float,
    time_stamp: str,
    offset_s: float,
) -> None:
    timing = Timing(sent_s=our_time_s, received_s=our_time_s)
    payload = UdpDatagram(payload=patched(32, time_stamp * 2))
    reply = match(probe, make_answer(probe, payload), timing)
    assert reply == replace(REPLY, offset_s=offset_s)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.binary(min_size=24, max_size=24),
    rest=st.binary(max_size=30),
    sent_s=st.floats(0, 1e10),
)
def test_any_octets_are_a_reply_or_none_never_an_exception(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    head: bytes,
    rest: bytes,
    sent_s: float,
) -> None:
    message = head + bytes.fromhex(NONCE) + rest
    timing = Timing(sent_s=sent_s, received_s=sent_s)
    answer = make_answer(probe, UdpDatagram(payload=message))
    assert isinstance(match(probe, answer, timing), NtpReply | None)
