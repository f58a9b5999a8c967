"""Queueing disciplines and the counters that rose."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.drop_counts import decode_netstat, risen
from edgediag.host.dumped import Dumped
from edgediag.host.qdiscs import decode_qdisc
from edgediag.model.drops import Drop, DropCount

NAMES = {3: "eth0"}
TBF: Dumped = {
    "index": 3,
    "handle": 0x80020000,
    "TCA_KIND": "tbf",
    "TCA_STATS2": {"TCA_STATS_QUEUE": {"drops": 7}},
}
COUNT = DropCount(
    drop=Drop.QDISC, interface="eth0", discipline="tbf", handle="8002:", count=7
)
NETSTAT = "TcpExt: SyncookiesSent IPReversePathFilter\nTcpExt: 0 12\nIpExt: InOctets\nIpExt: 9\n"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, COUNT, id="its drops"),
        pytest.param(
            {"TCA_KIND": "clsact", "handle": 0xFFFF0000},
            replace(COUNT, drop=Drop.TC_FILTER, discipline="clsact", handle="ffff:"),
            id="clsact counts for the filters",
        ),
        pytest.param({"index": 9}, replace(COUNT, interface="9"), id="a device gone by now"),
        pytest.param({"TCA_STATS2": {}}, None, id="one that does not count"),
        pytest.param({"TCA_KIND": 3}, None, id="one without a kind"),
    ],
)
def test_a_discipline(changed: Dumped, expected: DropCount | None) -> None:
    assert decode_qdisc({**TBF, **changed}, NAMES) == expected


@given(
    st.dictionaries(
        st.sampled_from([*TBF]),
        st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just({"TCA_STATS_QUEUE": 1})),
    )
)
def test_any_message_is_a_value_or_none(message: Dumped) -> None:
    assert isinstance(decode_qdisc(message, NAMES), DropCount | None)


def test_the_reverse_path_filter_has_a_counter_of_its_own() -> None:
    assert decode_netstat(NETSTAT) == DropCount(
        drop=Drop.REVERSE_PATH, interface="", discipline="", handle="", count=12
    )


@given(st.text(alphabet="TcpExt: IPReversePathFilter0\n9", max_size=80))
def test_any_text_is_a_counter_or_none(text: str) -> None:
    assert isinstance(decode_netstat(text), DropCount | None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param((COUNT,), (replace(COUNT, count=9),), (replace(COUNT, count=2),), id="rose"),
        pytest.param((COUNT,), (COUNT,), (), id="stood still"),
        pytest.param((), (COUNT,), (), id="came meanwhile: nobody knows since when it counts"),
        pytest.param((COUNT,), (replace(COUNT, count=1),), (), id="was made anew"),
    ],
)
def test_what_rose(
    before: tuple[DropCount, ...], after: tuple[DropCount, ...], expected: tuple[DropCount, ...]
) -> None:
    assert risen(before, after) == expected
