"""TCP SYN: what an answer means, and how a connection that opened is closed again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, Payload, TcpSegment, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import Reply, Reset, SynAck
from edgediag.probes.codec import Timing
from edgediag.probes.tcp_syn import build, courtesy, match

NOW = Timing(sent_s=0.0, received_s=0.0)


def segment(flags: str, *, acknowledgement: int = 0x89ABCDF0, sequence: int = 0x1000) -> TcpSegment:
    """A segment from the host; by default it acknowledges our SYN."""
    return TcpSegment(
        flags=flags,
        sequence=sequence,
        acknowledgement=acknowledgement,
        window=65535,
        payload=b"",
    )


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A SYN whose sequence number is 89abcdef."""
    return make_probe(ProbeKind.TCP_SYN)


def test_builds_a_syn_with_the_low_half_of_the_token(probe: Probe) -> None:
    assert build(probe) == TcpSegment(
        flags="S", sequence=0x89ABCDEF, acknowledgement=0, window=64240, payload=b""
    )


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(segment("SA"), SynAck(hop_limit=57), id="a SYN-ACK"),
        pytest.param(segment("SAE"), SynAck(hop_limit=57), id="a SYN-ACK that echoes congestion"),
        pytest.param(segment("RA", sequence=0), Reset(hop_limit=57), id="a closed port"),
        pytest.param(segment("RA"), Reset(hop_limit=57), id="a reset of any sequence number"),
        pytest.param(segment("R", acknowledgement=0), None, id="a reset that names nothing"),
        pytest.param(segment("R"), None, id="a reset whose acknowledgement is not valid"),
        pytest.param(
            segment("RA", acknowledgement=0x89ABCDEF), None, id="a reset for less than our SYN"
        ),
        pytest.param(segment("SA", acknowledgement=0x89ABCDF1), None, id="a stranger's SYN-ACK"),
        pytest.param(segment("A"), None, id="a challenge ACK of an older connection"),
        pytest.param(segment("SFA"), None, id="a segment that opens and ends at once"),
        pytest.param(
            segment("S", sequence=0x89ABCDEF, acknowledgement=0), None, id="our SYN sent back"
        ),
        pytest.param(UdpDatagram(payload=b""), None, id="not TCP"),
    ],
)
def test_reads_an_answer(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    payload: Payload,
    expected: Reply | None,
) -> None:
    assert match(probe, make_answer(probe, payload), NOW) == expected


def test_the_sequence_number_wraps(
    make_probe: Callable[..., Probe], make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    probe = make_probe(ProbeKind.TCP_SYN, token=0xFFFFFFFF)
    answer = make_answer(probe, segment("SA", acknowledgement=0))
    assert match(probe, answer, NOW) == SynAck(hop_limit=57)


def test_an_answer_from_another_port_is_a_strangers(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    answer = make_answer(probe, segment("SA"))
    stranger = replace(answer, flow=replace(answer.flow, source_port=8443))
    assert match(probe, stranger, NOW) is None


def test_closes_what_a_syn_ack_opened_with_the_number_expected_next(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    # RFC 9293 §3.10.7.4: in SYN-RECEIVED only SEG.SEQ = RCV.NXT resets for certain.
    assert courtesy(probe, make_answer(probe, segment("SA"))) == TcpSegment(
        flags="R", sequence=0x89ABCDF0, acknowledgement=0, window=0, payload=b""
    )


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(segment("RA"), id="a reset"),
        pytest.param(segment("SA", acknowledgement=1), id="a stranger's SYN-ACK"),
        pytest.param(UdpDatagram(payload=b""), id="a datagram"),
    ],
)
def test_owes_nothing_for(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet], payload: Payload
) -> None:
    assert courtesy(probe, make_answer(probe, payload)) is None


def test_owes_nothing_for_a_probe_of_another_kind(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    answer = make_answer(probe, segment("SA"))
    assert courtesy(replace(probe, kind=ProbeKind.TCP_CONNECT), answer) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flags=st.text(alphabet="FSRPAUEC", max_size=8),
    sequence=st.integers(0, 2**32 - 1),
    acknowledgement=st.sampled_from([0x89ABCDF0, 0x89ABCDEF]) | st.integers(0, 2**32 - 1),
)
def test_any_segment_is_a_reply_or_none_never_an_exception(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    flags: str,
    sequence: int,
    acknowledgement: int,
) -> None:
    payload = segment(flags, sequence=sequence, acknowledgement=acknowledgement)
    assert isinstance(match(probe, make_answer(probe, payload), NOW), SynAck | Reset | None)
