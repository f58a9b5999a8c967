"""Certificates in DER, those of an authority and those written to trap a reader."""

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.model.certificate import Certificate
from edgediag.wire.der import MAX_ELEMENTS, Element, elements
from edgediag.wire.x509 import Kin, decode_certificate, decode_kin
from kin import certificate, named
from story import CERTIFICATE_DER


def seconds(year: int) -> float:
    return datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()


def test_reads_what_a_certificate_says() -> None:
    assert decode_certificate(CERTIFICATE_DER) == Certificate(
        subject="O=Example, CN=a server",
        issuer="CN=an authority, O=Example",
        names=("a.example", "*.b.example", "192.0.2.1", "2001:db8::1"),
        not_before_s=seconds(2020),
        not_after_s=seconds(2090),
    )


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\x05\x00", [(5, b"", b"\x05\x00")], id="an empty body"),
        pytest.param(
            b"\x04\x01a\x05\x00",
            [(4, b"a", b"\x04\x01a"), (5, b"", b"\x05\x00")],
            id="two in a row",
        ),
        pytest.param(b"\x04\x81\x01a", [(4, b"a", b"\x04\x81\x01a")], id="a long length"),
    ],
)
def test_takes_octets_apart(octets: bytes, found: list[tuple[int, bytes, bytes]]) -> None:
    expected = tuple(Element(tag=tag, body=body, whole=whole) for tag, body, whole in found)
    assert elements(octets) == expected


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\x04", id="no length"),
        pytest.param(b"\x04\x02a", id="cut in its body"),
        pytest.param(b"\x04\x82\x01", id="cut in its length"),
        pytest.param(b"\x30\x80\x00\x00", id="an indefinite length"),
        pytest.param(b"\x04\x84\x00\x00\x00\x00", id="a length of four octets"),
        pytest.param(b"\x1f\x01\x00", id="a tag of several octets"),
        pytest.param(b"\x05\x00" * (MAX_ELEMENTS + 1), id="too many"),
    ],
)
def test_what_is_no_plain_der_is_nothing(octets: bytes) -> None:
    assert elements(octets) is None


@pytest.mark.parametrize("length", range(0, len(CERTIFICATE_DER), 7))
def test_a_cut_certificate_is_none(length: int) -> None:
    assert decode_certificate(CERTIFICATE_DER[:length]) is None


def test_names_and_keys_are_read_as_they_are_encoded() -> None:
    kin = decode_kin(certificate("node", "kubernetes", b"own", b"its"))
    assert kin == Kin(
        subject=named("node")[2:],
        issuer=named("kubernetes")[2:],
        key=b"own",
        authority_key=b"its",
    )


def test_a_signer_may_be_named_without_its_key() -> None:
    kin = decode_kin(CERTIFICATE_DER)
    assert kin is not None and (len(kin.key), kin.authority_key) == (20, b"")


@given(st.binary(max_size=300))
def test_any_octets_have_kin_or_none(octets: bytes) -> None:
    assert decode_kin(octets) is None or octets


@given(st.integers(0, len(CERTIFICATE_DER) - 1), st.binary(min_size=1, max_size=4))
def test_a_certificate_that_was_meddled_with_has_kin_or_none(at: int, octets: bytes) -> None:
    changed = CERTIFICATE_DER[:at] + octets + CERTIFICATE_DER[at + len(octets) :]
    assert decode_kin(changed) is None or changed


@given(st.binary(max_size=300))
def test_any_octets_are_a_certificate_or_none(octets: bytes) -> None:
    assert decode_certificate(octets) is None or octets


@given(st.integers(0, len(CERTIFICATE_DER) - 1), st.binary(min_size=1, max_size=4))
def test_a_spoilt_certificate_is_a_certificate_or_none(at: int, octets: bytes) -> None:
    spoilt = CERTIFICATE_DER[:at] + octets + CERTIFICATE_DER[at + len(octets) :]
    found = decode_certificate(spoilt)
    assert found is None or found.not_before_s < found.not_after_s or found.names is not None
