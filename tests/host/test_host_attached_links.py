"""Whether a device can have a program or a filter, by rtnetlink's messages."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attached_links import has_xdp, holder_of_filters, qdiscs_request
from edgediag.host.attributes import attribute, nest, string

LINK = struct.pack("=BBHiII", 0, 0, 1, 7, 1, 0)
QDISC = struct.pack("=B3xiIII", 0, 7, 0, 0, 0)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(LINK + nest(43, attribute(2, b"\x01")), True, id="by the driver"),
        pytest.param(LINK + nest(43, attribute(2, b"\x02")), True, id="by the generic stack"),
        pytest.param(LINK + nest(43, attribute(2, b"\x00")), False, id="none attached"),
        pytest.param(LINK, False, id="a kernel without XDP"),
    ],
)
def test_a_program_of_xdp(payload: bytes, expected: bool) -> None:
    assert has_xdp(payload) is expected


@pytest.mark.parametrize(
    ("payload", "index"),
    [
        pytest.param(QDISC + string(1, "clsact"), 7, id="of both directions"),
        pytest.param(QDISC + string(1, "ingress"), 7, id="of what comes in"),
        pytest.param(QDISC + string(1, "fq_codel"), None, id="a queue"),
        pytest.param(QDISC, None, id="without a kind"),
        pytest.param(QDISC[:-1], None, id="too short"),
    ],
)
def test_a_discipline_that_holds_filters(payload: bytes, index: int | None) -> None:
    assert holder_of_filters(payload) == index


def test_all_disciplines_are_asked_for() -> None:
    assert qdiscs_request() == bytes(20)


@given(st.binary(max_size=64))
def test_whatever_comes_is_an_answer(octets: bytes) -> None:
    assert has_xdp(octets) in (True, False)
    assert holder_of_filters(octets) is None or isinstance(holder_of_filters(octets), int)
