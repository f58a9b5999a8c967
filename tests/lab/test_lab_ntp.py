"""The time servers' answers, octet by octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.lab.services import ntp
from edgediag.lab.services.catalog import Mode

NONCE = b"\x01\x02\x03\x04\x05\x06\x07\x08"
REQUEST = b"\x23" + bytes(39) + NONCE
# Half a second after 1970-01-01, on the scale that begins in 1900.
NOW = b"\x83\xaa\x7e\x80\x80\x00\x00\x00"
AHEAD = b"\x83\xaa\x82\x04\x80\x00\x00\x00"


def response(head: bytes, reference: bytes) -> bytes:
    return head + bytes(8) + reference + NOW + NONCE + NOW + NOW


@pytest.mark.parametrize(
    ("request_", "mode", "expected"),
    [
        pytest.param(
            REQUEST,
            Mode.NORMAL,
            response(b"\x24\x02\x00\xec", b"\xc0\x00\x02\xc8"),
            id="the nonce comes back as the origin, from stratum 2",
        ),
        pytest.param(
            b"\x1b\x00\x06" + REQUEST[3:],
            Mode.NORMAL,
            response(b"\x1c\x02\x06\xec", b"\xc0\x00\x02\xc8"),
            id="version 3 is answered as version 3, the poll interval repeated",
        ),
        pytest.param(
            REQUEST,
            Mode.UNSYNCHRONISED,
            response(b"\xe4\x10\x00\xec", b"INIT"),
            id="an unsynchronised server says leap 3 and stratum 16",
        ),
        pytest.param(
            REQUEST,
            Mode.KISS,
            response(b"\xe4\x00\x00\xec", b"RATE"),
            id="a kiss-o'-death has stratum 0 and its code for a reference",
        ),
        pytest.param(
            REQUEST,
            Mode.KISS_DENY,
            response(b"\xe4\x00\x00\xec", b"DENY"),
            id="a server may deny service for good",
        ),
        pytest.param(
            REQUEST,
            Mode.AHEAD,
            response(b"\x24\x02\x00\xec", b"\xc0\x00\x02\xc8").replace(NOW, AHEAD),
            id="a server may be a quarter of an hour ahead and not know it",
        ),
        pytest.param(REQUEST, Mode.SILENT, None, id="a silent server says nothing"),
        pytest.param(b"\x24" + REQUEST[1:], Mode.NORMAL, None, id="a response is not answered"),
        pytest.param(REQUEST[:-1], Mode.NORMAL, None, id="one octet short"),
        pytest.param(b"", Mode.NORMAL, None, id="empty"),
    ],
)
def test_a_request_is_answered(request_: bytes, mode: Mode, expected: bytes | None) -> None:
    assert ntp.answer(request_, mode, 0.5) == expected


@given(st.binary(max_size=120))
def test_any_octets_draw_48_octets_or_nothing(octets: bytes) -> None:
    answered = ntp.answer(octets, Mode.NORMAL, 0.5)
    assert answered is None or len(answered) == 48
