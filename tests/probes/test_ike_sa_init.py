"""IKE_SA_INIT: a request that leaves nothing behind, and what a gateway says to it."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.endpoint import ProbeKind
from edgediag.model.packet import Packet, Payload, TcpSegment, UdpDatagram
from edgediag.model.probe import Padding, Probe, Purpose
from edgediag.model.reply import IkeAnswer, IkeReply, SeenAs
from edgediag.probes.codec import Timing
from edgediag.probes.ike_sa_init import build, match
from edgediag.probes.token import derived_octets

NOW = Timing(sent_s=0.0, received_s=0.0)

SPI = "0123456789abcdef"

# RFC 3948 §2.2: the marker. RFC 7296 §3.1: our SPI, none of the responder's; SA next, version 2.0,
# exchange 34, flag "initiator"; message 0, 372 octets.
# §3.3: KE next, 44 octets; last proposal, 40 octets, number 1, protocol 1, no SPI, 4 transforms;
# §3.3.2: cipher 1200 (private use), PRF 5, integrity 12, group 14.
# §3.4: Nonce next, 264 octets, group 14. §3.9: nothing next, 36 octets.
EXACT = """
    00000000
    0123456789abcdef 0000000000000000 21 20 22 08 00000000 00000174
    22 00 002c
        00 00 0028 01 01 00 04
        03 00 0008 01 00 04b0
        03 00 0008 02 00 0005
        03 00 0008 03 00 000c
        00 00 0008 04 00 000e
    28 00 0108 000e 0000 PUBLIC
    00 00 0024 NONCE
"""


@pytest.fixture
def probe(make_probe: Callable[..., Probe]) -> Probe:
    """A request with SPI 0123456789abcdef to port 4500."""
    return make_probe(ProbeKind.IKE_SA_INIT)


def test_builds_exact_octets(probe: Probe) -> None:
    public = derived_octets(probe.token, label="ike-ke", count=256).hex()
    nonce = derived_octets(probe.token, label="ike-nonce", count=32).hex()
    exact = bytes.fromhex(EXACT.replace("PUBLIC", public).replace("NONCE", nonce))
    assert (build(probe), len(exact)) == (UdpDatagram(payload=exact), 376)


@pytest.mark.parametrize(
    ("size_octets", "octets"),
    [
        pytest.param(1500, 1472, id="as long as an Ethernet packet"),
        pytest.param(409, 381, id="an octet of a vendor ID"),
        pytest.param(408, 376, id="no room for one"),
        pytest.param(0, 376, id="shorter than it is"),
    ],
)
def test_a_vendor_id_fills_it_up(probe: Probe, size_octets: int, octets: int) -> None:
    padding = Padding(size_octets=size_octets, fragment_octets=0)
    payload = build(replace(probe, padding=padding)).payload
    assert (len(payload), int.from_bytes(payload[28:32], "big")) == (octets, octets - 4)
    # §3.12: vendor ID is payload 43, and the nonce before it says so.
    assert payload[340] == (43 if octets > 376 else 0)
    assert payload[341:376] == build(probe).payload[341:376]


def test_another_token_makes_another_request(make_probe: Callable[..., Probe]) -> None:
    requests = [
        build(make_probe(ProbeKind.IKE_SA_INIT, token=token)) for token in (1 << 32, 2**64 - 1)
    ]
    parts = [{r.payload[at : at + 8] for r in requests} for at in (4, 84, 344)]
    assert [len(part) for part in parts] == [2, 2, 2]


@pytest.mark.parametrize(
    ("token", "spi"),
    [
        pytest.param(0x00000000_00000001, "0100000000000001", id="four zeros in front"),
        pytest.param(0, "0100000000000000", id="all zeros"),
        pytest.param(0x00000001_00000000, "0000000100000000", id="three zeros in front"),
    ],
)
def test_an_spi_never_looks_like_the_marker(
    make_probe: Callable[..., Probe], token: int, spi: str
) -> None:
    request = build(make_probe(ProbeKind.IKE_SA_INIT, token=token))
    assert request.payload[4:12].hex() == spi


def test_port_500_knows_no_marker(make_probe: Callable[..., Probe], probe: Probe) -> None:
    plain = build(make_probe(ProbeKind.IKE_SA_INIT, port=500))
    assert plain.payload == build(probe).payload.removeprefix(bytes(4))


MARKER = bytes(4)


def response(
    payloads: str, *, first: int, spi: str = SPI, exchange: int = 34, flags: int = 0x20
) -> bytes:
    """A response without the marker; `payloads` in hexadecimal (§3.1)."""
    body = bytes.fromhex(payloads)
    head = bytes.fromhex(spi) + b"RESPONDR" + bytes([first, 0x20, exchange, flags])
    return head + bytes(4) + (28 + len(body)).to_bytes(4, "big") + body


def notify(type_: int, *, next_payload: int = 0, data: str = "") -> str:
    """A Notify payload for the IKE SA (§3.10)."""
    length = 8 + len(data) // 2
    return f"{next_payload:02x}00{length:04x}0000{type_:04x}{data}"


def test_idle_mappings_are_asked_about_by_nat_detection(probe: Probe) -> None:
    plain, asking = build(probe).payload, build(replace(probe, purpose=Purpose.IDLE)).payload
    # §2.23: SHA-1 over both SPIs, address and port, of this host's end and of the other.
    ends = (
        bytes.fromhex("c000020a") + (40000).to_bytes(2, "big"),
        bytes.fromhex("c6336415") + (4500).to_bytes(2, "big"),
    )
    digests = [hashlib.sha1(bytes.fromhex(SPI) + bytes(8) + end).hexdigest() for end in ends]
    notified = notify(16388, next_payload=41, data=digests[0]) + notify(16389, data=digests[1])
    assert asking[376:].hex() == notified
    assert (plain[340], asking[340]) == (0, 41)
    assert asking[341:376] == plain[341:376]
    assert int.from_bytes(asking[28:32], "big") == len(asking) - 4


NOTIFY = 41
REFUSAL = response(notify(14), first=NOTIFY)


def reply(answer: IkeAnswer, number: int) -> IkeReply:
    """What is made of a response."""
    return IkeReply(answer=answer, notify=number, hop_limit=57)


REFUSED = reply(IkeAnswer.NO_PROPOSAL_CHOSEN, 14)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(MARKER + REFUSAL, REFUSED, id="no proposal chosen"),
        pytest.param(REFUSAL, REFUSED, id="no marker in front"),
        pytest.param(
            MARKER + response(notify(7), first=NOTIFY),
            reply(IkeAnswer.INVALID_SYNTAX, 7),
            id="invalid syntax",
        ),
        pytest.param(
            MARKER + response(notify(17, data="0013"), first=NOTIFY),
            reply(IkeAnswer.INVALID_KE_PAYLOAD, 17),
            id="another group wanted",
        ),
        pytest.param(
            MARKER + response(notify(16390, data="00" * 16), first=NOTIFY),
            reply(IkeAnswer.COOKIE, 16390),
            id="a cookie wanted",
        ),
        pytest.param(
            MARKER + response(notify(24), first=NOTIFY),
            reply(IkeAnswer.OTHER_NOTIFY, 24),
            id="authentication failed",
        ),
        pytest.param(
            MARKER + response(notify(16388, next_payload=NOTIFY) + notify(14), first=NOTIFY),
            REFUSED,
            id="a refusal behind a word on NAT",
        ),
        pytest.param(
            MARKER + response(f"{NOTIFY:02x}000004" + notify(16389), first=33),
            reply(IkeAnswer.SA_INIT, 0),
            id="a security association after all",
        ),
        pytest.param(
            MARKER + response("00000004", first=43),
            reply(IkeAnswer.OTHER_NOTIFY, 0),
            id="a vendor id alone",
        ),
        pytest.param(
            MARKER + response("", first=0), reply(IkeAnswer.OTHER_NOTIFY, 0), id="no payload"
        ),
        pytest.param(MARKER + MARKER + REFUSAL, None, id="two markers"),
        pytest.param(
            MARKER + response(notify(14), first=NOTIFY, spi="fedcba9876543210"),
            None,
            id="another SPI",
        ),
        pytest.param(
            MARKER + response(notify(14), first=NOTIFY, exchange=35), None, id="another exchange"
        ),
        pytest.param(MARKER + response(notify(14), first=NOTIFY, flags=0x08), None, id="a request"),
        pytest.param(
            MARKER + response(notify(14), first=NOTIFY, flags=0x28),
            None,
            id="a response of an initiator",
        ),
        pytest.param(MARKER + REFUSAL[:-1], None, id="one octet short"),
        pytest.param(MARKER + REFUSAL + b"\0", None, id="one octet too many"),
        pytest.param(MARKER + response("29000003", first=NOTIFY), None, id="a payload of 3 octets"),
        pytest.param(
            MARKER + response("00000009 00000000", first=NOTIFY), None, id="a payload cut off"
        ),
        pytest.param(MARKER + response("2900", first=NOTIFY), None, id="half a payload header"),
        pytest.param(MARKER, None, id="the marker alone"),
        pytest.param(b"\xff", None, id="a keep-alive"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_reads_an_answer(
    probe: Probe,
    make_answer: Callable[[Probe, Payload], Packet],
    message: bytes,
    expected: IkeReply | None,
) -> None:
    assert match(probe, make_answer(probe, UdpDatagram(payload=message)), NOW) == expected


def test_our_request_sent_back_is_none(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    assert match(probe, make_answer(probe, build(probe)), NOW) is None


def test_a_segment_is_none(probe: Probe, make_answer: Callable[[Probe, Payload], Packet]) -> None:
    payload = TcpSegment(flags="A", sequence=0, acknowledgement=0, window=0, payload=REFUSAL)
    assert match(probe, make_answer(probe, payload), NOW) is None


def test_an_answer_from_another_port_is_a_strangers(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    answer = make_answer(probe, UdpDatagram(payload=MARKER + REFUSAL))
    stranger = replace(answer, flow=replace(answer.flow, source_port=500))
    assert match(probe, stranger, NOW) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, 255), payloads=st.binary(max_size=60))
def test_any_octets_are_a_reply_or_none_never_an_exception(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet], first: int, payloads: bytes
) -> None:
    message = MARKER + response(payloads.hex(), first=first)
    answer = make_answer(probe, UdpDatagram(payload=message))
    assert isinstance(match(probe, answer, NOW), IkeReply | None)


def test_an_answer_may_say_from_where_the_gateway_sees_us(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet]
) -> None:
    own = bytes.fromhex(SPI) + b"RESPONDR" + bytes.fromhex("c000020a") + (40000).to_bytes(2, "big")
    for digest, is_own in ((hashlib.sha1(own).hexdigest(), True), ("5a" * 20, False)):
        told = notify(14, next_payload=41) + notify(16389, data=digest)
        packet = make_answer(probe, UdpDatagram(payload=response(told, first=NOTIFY)))
        assert match(probe, packet, NOW) == replace(
            reply(IkeAnswer.NO_PROPOSAL_CHOSEN, 14),
            seen_as=SeenAs(spi=b"RESPONDR".hex(), digest=digest, is_own=is_own),
        )


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(notify(16389, data="5a" * 19), id="one octet short"),
        pytest.param(notify(16388, data="5a" * 20), id="of the gateway's own end"),
        pytest.param(notify(16389), id="no digest"),
    ],
)
def test_what_is_no_digest_of_our_end_tells_nothing(
    probe: Probe, make_answer: Callable[[Probe, Payload], Packet], told: str
) -> None:
    payloads = notify(14, next_payload=41) + told
    packet = make_answer(probe, UdpDatagram(payload=response(payloads, first=NOTIFY)))
    assert match(probe, packet, NOW) == reply(IkeAnswer.NO_PROPOSAL_CHOSEN, 14)
