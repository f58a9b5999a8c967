"""The IKE gateway's answers, octet by octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.lab.services import ike
from edgediag.lab.services.catalog import Mode

SENDER = ("203.0.113.2", 4501)
SPI = b"\x01\x02\x03\x04\x05\x06\x07\x08"
NO_PROPOSAL = (
    bytes(4) + SPI + bytes(8) + b"\x29\x20\x22\x20" + bytes(4) + b"\x00\x00\x00\x24"
    b"\x00\x00\x00\x08\x00\x00\x00\x0e"
)
COOKIE = (
    bytes(4) + SPI + bytes(8) + b"\x29\x20\x22\x20" + bytes(4) + b"\x00\x00\x00\x37"
    b"\x00\x00\x00\x1b\x00\x00\x40\x06edgediag-lab-cookie"
)


def request(
    *,
    spi: bytes = SPI,
    head: bytes = b"\x21\x20\x22\x08",
    payload: bytes = b"anything",
    length: int | None = None,
) -> bytes:
    stated = 28 + len(payload) if length is None else length
    return bytes(4) + spi + bytes(8) + head + bytes(4) + stated.to_bytes(4, "big") + payload


@pytest.mark.parametrize(
    ("datagram", "mode", "expected"),
    [
        pytest.param(request(), Mode.NORMAL, NO_PROPOSAL, id="no proposal is ever chosen"),
        pytest.param(request(), Mode.COOKIE, COOKIE, id="a gateway under load asks for a cookie"),
        pytest.param(
            request(payload=b"\x00edgediag-lab-cookie"),
            Mode.COOKIE,
            NO_PROPOSAL,
            id="and goes on when the cookie is brought",
        ),
        pytest.param(request(), Mode.SILENT, None, id="a silent gateway says nothing"),
        pytest.param(request()[4:], Mode.NORMAL, None, id="without the marker it is taken for ESP"),
        pytest.param(
            request(spi=bytes(4) + SPI[4:]), Mode.NORMAL, None, id="a second marker, it seems"
        ),
        pytest.param(
            request(head=b"\x01\x10\x02\x00"), Mode.NORMAL, None, id="IKEv1 is dropped in silence"
        ),
        pytest.param(
            request(head=b"\x21\x20\x22\x20"), Mode.NORMAL, None, id="a response is not answered"
        ),
        pytest.param(request()[:-1], Mode.NORMAL, None, id="one octet short"),
        pytest.param(b"\xff", Mode.NORMAL, None, id="a NAT keep-alive draws nothing"),
        pytest.param(b"", Mode.NORMAL, None, id="empty"),
    ],
)
def test_a_datagram_is_answered(datagram: bytes, mode: Mode, expected: bytes | None) -> None:
    assert ike.answer(datagram, mode, SENDER) == expected


@given(st.binary(max_size=80).map(lambda octets: bytes(4) + octets))
def test_any_octets_draw_an_answer_to_their_spi_or_nothing(datagram: bytes) -> None:
    answered = ike.answer(datagram, Mode.NORMAL, SENDER)
    assert answered is None or answered[4:12] == datagram[4:12]


def test_who_asks_for_nat_detection_is_told_of_his_address_and_port() -> None:
    asks = request(payload=ike.NAT_DETECTION_REQUEST + bytes(20))
    here = ike.answer(asks, Mode.TELLS_ORIGIN, SENDER)
    there = ike.answer(asks, Mode.TELLS_ORIGIN, ("203.0.113.2", 4502))
    assert here is not None and there is not None
    assert here[:-20] == there[:-20]
    assert here[-20:] != there[-20:]
    assert ike.answer(asks, Mode.NORMAL, SENDER) == NO_PROPOSAL
