"""What connection tracking counted, over all CPUs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import big32
from edgediag.host.conntrack import decode_drops
from edgediag.model.host import Drop, DropCount

HEAD = bytes.fromhex("00000000")
# CTA_STATS_INSERT_FAILED 2, CTA_STATS_DROP 5, CTA_STATS_EARLY_DROP 9.
CPU = HEAD + bytes.fromhex("08000900 00000002 08000a00 00000005 08000b00 00000009")


def counted(count: int) -> DropCount:
    return DropCount(drop=Drop.CONNTRACK, interface="", discipline="", handle="", count=count)


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        pytest.param([CPU], counted(7), id="what it could not track or enter"),
        pytest.param([CPU, CPU], counted(14), id="of all CPUs"),
        pytest.param([CPU, HEAD + big32(10, 1)], counted(8), id="one CPU tells less"),
        pytest.param([HEAD + big32(9, 1)], None, id="no counter of drops"),
        pytest.param([b"", HEAD], None, id="nothing is told"),
        pytest.param([], None, id="no CPU"),
    ],
)
def test_drops_are_added_up(payloads: list[bytes], expected: DropCount | None) -> None:
    assert decode_drops(payloads) == expected


@given(st.lists(st.binary(max_size=64), max_size=3))
def test_whatever_the_octets_a_count_or_none(payloads: list[bytes]) -> None:
    assert isinstance(decode_drops(payloads), DropCount | None)
