"""DNS over TCP: the same query behind its length, and the first whole answer to it."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.probe import Probe
from edgediag.model.reply import DnsReply
from edgediag.probes.dns_tcp import build, match

QUESTION = b"\x04kube\x07example\x03com\x00" + bytes.fromhex("0001 0001")
QUERY = bytes.fromhex("0123 0100 0001 0000 0000 0000") + QUESTION
# QR, RD and RA; one answer, which points to the name of the question (RFC 1035 §4.1.4).
ANSWER = (
    bytes.fromhex("0123 8180 0001 0001 0000 0000")
    + QUESTION
    + bytes.fromhex("c00c 0001 0001 0000003c 0004 cb007101")
)
STRANGERS = bytes.fromhex("0124") + ANSWER[2:]
REPLY = DnsReply(
    rcode=0, addresses=(IPv4Address("203.0.113.1"),), is_truncated=False, hop_limit=0
)


def framed(message: bytes) -> bytes:
    """A message behind its length (RFC 1035 §4.2.2)."""
    return len(message).to_bytes(2, "big") + message


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A query with id 0123 for kube.example.com."""
    return make_probe(ProbeKind.DNS_TCP, name="kube.example.com")


def test_builds_exact_octets(probe: Probe) -> None:
    assert build(probe) == bytes.fromhex("0022") + QUERY


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(framed(ANSWER), REPLY, id="the answer"),
        pytest.param(framed(STRANGERS) + framed(ANSWER), REPLY, id="behind a stranger's"),
        pytest.param(framed(ANSWER) + b"\xff", REPLY, id="with more behind it"),
        pytest.param(framed(b"") + framed(ANSWER), REPLY, id="behind an empty message"),
        pytest.param(framed(ANSWER)[:-1], None, id="one octet short"),
        pytest.param(framed(STRANGERS), None, id="a stranger's alone"),
        pytest.param(framed(bytes(4096)) + framed(ANSWER), REPLY, id="behind a long message"),
        pytest.param(framed(bytes(4097)) + framed(ANSWER), None, id="behind one too long"),
        pytest.param(framed(QUERY), None, id="our query sent back"),
        pytest.param(b"\x00", None, id="half a length"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_reads_an_answer(probe: Probe, octets: bytes, expected: DnsReply | None) -> None:
    assert match(probe, octets) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.lists(st.one_of(st.binary(max_size=40), st.just(framed(ANSWER)))))
def test_any_octets_are_a_reply_or_none_never_an_exception(
    probe: Probe, octets: list[bytes]
) -> None:
    assert isinstance(match(probe, b"".join(octets)), DnsReply | None)
