"""DNS: a question out, the addresses at the end of the chain of aliases back."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, Payload, TcpSegment, UdpDatagram
from edgediag.model.probe import Probe
from edgediag.model.reply import DnsReply
from edgediag.probes.codec import Timing
from edgediag.probes.dns import build, match

NOW = Timing(sent_s=0.0, received_s=0.0)

# RFC 1035 §4.1.2: the name, type A, class IN.
QUESTION = b"\x04kube\x07example\x03com\x00" + bytes.fromhex("0001 0001")

ONE, TWO = IPv4Address("203.0.113.1"), IPv4Address("203.0.113.2")
# In a message the question's name stands at octet 12.
SAME_NAME = b"\xc0\x0c"
CDN = b"\x03cdn\x07example\x03net\x00"
EDGE = b"\x04edge\x07example\x03net\x00"


def message(
    *records: bytes, flags: int = 0x8180, id_: int = 0x0123, question: bytes = QUESTION
) -> bytes:
    """A response: QR, RD and RA set, no error, unless told otherwise (§4.1.1)."""
    counts = (id_, flags, 1 if question else 0, len(records), 0, 0)
    return b"".join(count.to_bytes(2, "big") for count in counts) + question + b"".join(records)


def record(owner: bytes, type_: int, data: bytes, *, class_: int = 1) -> bytes:
    """A resource record that lives 60 s (§4.1.3)."""
    fields = (type_.to_bytes(2, "big"), class_.to_bytes(2, "big"), b"\0\0\0\x3c")
    return owner + b"".join(fields) + len(data).to_bytes(2, "big") + data


def a(owner: bytes, address: IPv4Address) -> bytes:
    """An address."""
    return record(owner, 1, address.packed)


def cname(owner: bytes, target: bytes) -> bytes:
    """An alias."""
    return record(owner, 5, target)


def reply(*addresses: IPv4Address, rcode: int = 0, is_truncated: bool = False) -> DnsReply:
    """What is made of a response."""
    return DnsReply(rcode=rcode, addresses=addresses, is_truncated=is_truncated, hop_limit=57)


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A query with id 0123 for kube.example.com."""
    return make_probe(ProbeKind.DNS, name="kube.example.com")


def test_builds_exact_octets(probe: Probe) -> None:
    # RFC 1035 §4.1.1: id, only RD set, one question and nothing else.
    header = bytes.fromhex("0123 0100 0001 0000 0000 0000")
    assert build(probe) == UdpDatagram(payload=header + QUESTION)


SIX = IPv6Address("2001:db8::1")
QUESTION6 = QUESTION[:-4] + bytes.fromhex("001c 0001")


def test_builds_exact_octets_for_addresses_of_ipv6(make_probe: Callable[..., Probe]) -> None:
    # RFC 3596 §2.1: type 28.
    asked = build(make_probe(ProbeKind.DNS_AAAA, name="kube.example.com"))
    assert asked.payload == bytes.fromhex("0123 0100 0001 0000 0000 0000") + QUESTION6


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(
            message(record(SAME_NAME, 28, SIX.packed), question=QUESTION6),
            (SIX,),
            id="one address",
        ),
        pytest.param(
            message(
                cname(SAME_NAME, CDN), record(CDN, 28, SIX.packed), question=QUESTION6
            ),
            (SIX,),
            id="behind an alias",
        ),
        pytest.param(message(a(SAME_NAME, ONE), question=QUESTION6), (), id="one of IPv4 alone"),
        pytest.param(
            message(record(SAME_NAME, 28, bytes(4)), question=QUESTION6), (), id="one of 4 octets"
        ),
        pytest.param(message(question=QUESTION6), (), id="none: the name has others"),
        pytest.param(message(a(SAME_NAME, ONE)), None, id="an answer to another question"),
    ],
)
def test_reads_addresses_of_ipv6(
    make_probe: Callable[..., Probe], octets: bytes, expected: tuple[IPv6Address, ...] | None
) -> None:
    asked = make_probe(ProbeKind.DNS_AAAA, name="kube.example.com")
    packet = Packet(
        flow=asked.flow.reversed(), hop_limit=57, ip_id=1, payload=UdpDatagram(payload=octets)
    )
    told = match(asked, packet, NOW)
    assert (told.addresses if isinstance(told, DnsReply) else None) == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(message(a(SAME_NAME, ONE)), reply(ONE), id="one address"),
        pytest.param(
            message(a(SAME_NAME, TWO), a(SAME_NAME, ONE)), reply(TWO, ONE), id="in the order given"
        ),
        pytest.param(
            message(a(b"\x04KUBE\x07Example\x03com\x00", ONE)), reply(ONE), id="in other letters"
        ),
        pytest.param(
            message(cname(SAME_NAME, CDN), cname(CDN, EDGE), a(EDGE, ONE)),
            reply(ONE),
            id="behind two aliases",
        ),
        pytest.param(
            message(a(EDGE, ONE), cname(CDN, EDGE), cname(SAME_NAME, CDN)),
            reply(ONE),
            id="behind two aliases, in another order",
        ),
        pytest.param(
            message(cname(SAME_NAME, CDN), cname(CDN, SAME_NAME)), reply(), id="a circle of aliases"
        ),
        pytest.param(
            message(a(SAME_NAME, ONE), a(CDN, TWO)), reply(ONE), id="an address of another name"
        ),
        pytest.param(
            message(record(SAME_NAME, 28, bytes(16)), a(SAME_NAME, ONE)),
            reply(ONE),
            id="an AAAA record beside",
        ),
        pytest.param(
            message(record(SAME_NAME, 1, bytes(4), class_=3)), reply(), id="an address not IN"
        ),
        pytest.param(message(record(SAME_NAME, 1, bytes(3))), reply(), id="an address of 3 octets"),
        pytest.param(message(), reply(), id="no address"),
        pytest.param(message(flags=0x8183), reply(rcode=3), id="no such name"),
        pytest.param(message(flags=0x8182), reply(rcode=2), id="the server failed"),
        pytest.param(
            message(flags=0x8185, question=b""), reply(rcode=5), id="refused, question left out"
        ),
        pytest.param(
            message(a(SAME_NAME, ONE), flags=0x8380),
            reply(ONE, is_truncated=True),
            id="a truncated answer",
        ),
        pytest.param(message(question=b""), None, id="no error and no question"),
        pytest.param(message(id_=0x0124), None, id="another id"),
        pytest.param(message(question=b"\x05kube2" + QUESTION[5:]), None, id="another name"),
        pytest.param(message(question=QUESTION[:-4] + b"\0\x1c\0\x01"), None, id="another type"),
        pytest.param(message(flags=0x0100), None, id="a query"),
        pytest.param(message(flags=0xA180), None, id="another operation"),
        pytest.param(message(a(SAME_NAME, ONE))[:-1], None, id="one octet short"),
        pytest.param(message()[:11], None, id="half a header"),
        pytest.param(message() + bytes(4096), None, id="longer than any resolver's"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_reads_an_answer(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    octets: bytes,
    expected: DnsReply | None,
) -> None:
    assert match(probe, make_answer(probe, UdpDatagram(payload=octets)), NOW) == expected


def test_our_query_sent_back_is_none(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    assert match(probe, make_answer(probe, build(probe)), NOW) is None


def test_a_segment_is_none(probe: Probe, make_answer: Callable[[Probe, Payload], Packet]) -> None:
    payload = TcpSegment(flags="A", sequence=0, acknowledgement=0, window=0, payload=message())
    assert match(probe, make_answer(probe, payload), NOW) is None


def test_an_answer_from_another_server_is_a_strangers(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    answer = make_answer(probe, UdpDatagram(payload=message(a(SAME_NAME, ONE))))
    stranger = replace(answer, flow=replace(answer.flow, source=IPv4Address("203.0.113.9")))
    assert match(probe, stranger, NOW) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.integers(0, 4), rest=st.binary(max_size=80))
def test_any_octets_are_a_reply_or_none_never_an_exception(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet], answers: int, rest: bytes
) -> None:
    whole = message()
    octets = whole[:6] + answers.to_bytes(2, "big") + whole[8:] + rest
    answer = make_answer(probe, UdpDatagram(payload=octets))
    assert isinstance(match(probe, answer, NOW), DnsReply | None)
