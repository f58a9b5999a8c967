"""The pace: never more than the rate allows, and never a wait that leads nowhere."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.session.pace import BURST_S, Pacer

# A moment of our days: there, floats are a quarter of a microsecond apart.
EPOCH_S = 1_795_000_000.0


def taken(pacer: Pacer, moments: list[float]) -> list[float]:
    """The moments at which packets were sent by somebody who always has more."""
    sent = []
    for moment in moments:
        while pacer.take(moment):
            sent.append(moment)
    return sent


@given(
    st.floats(min_value=1.0, max_value=10_000.0),
    st.lists(st.floats(min_value=0.0, max_value=0.05), min_size=1, max_size=30),
)
def test_no_window_holds_more_than_the_rate_and_one_burst(
    rate_pps: float, pauses: list[float]
) -> None:
    sent = taken(Pacer(rate_pps=rate_pps), list(accumulate(pauses)))
    # A window from packet i to packet j holds j - i + 1; its excess over the rate is a difference.
    excess = [count - moment * rate_pps for count, moment in enumerate(sent)]
    least = accumulate(excess, min)
    worst = max((here - lowest for here, lowest in zip(excess, least, strict=True)), default=0.0)
    assert worst + 1 <= max(1.0, rate_pps * BURST_S) + 0.001


def test_the_rate_is_reached() -> None:
    ticks = [EPOCH_S + tick * 0.004 for tick in range(251)]
    assert len(taken(Pacer(rate_pps=1000.0), ticks)) == pytest.approx(1010, abs=1)


@pytest.mark.parametrize("rate_pps", [1.0, 7.0, 999.0, 1000.0, 12_345.0, 100_000.0])
@pytest.mark.parametrize("start_s", [0.0, 1000.0, EPOCH_S])
def test_at_the_moment_it_names_a_packet_may_be_sent(rate_pps: float, start_s: float) -> None:
    pacer, now_s = Pacer(rate_pps=rate_pps), start_s
    for _ in range(2000):
        if not pacer.take(now_s):
            ready_s = pacer.ready_s(now_s)
            # A clock that stands still until then would wait for ever.
            assert ready_s > now_s
            now_s = ready_s
    assert now_s - start_s <= 2000 / rate_pps


def test_idle_time_is_not_saved_up() -> None:
    pacer = Pacer(rate_pps=100.0)
    pacer.take(0.0)
    assert taken(pacer, [60.0]) == [60.0]


def test_what_cannot_wait_is_waited_for_by_the_next() -> None:
    pacer = Pacer(rate_pps=10.0)
    for _ in range(3):
        pacer.spend(0.0)
    assert pacer.ready_s(0.0) == pytest.approx(0.3)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    pacer = Pacer(rate_pps=1.0)
    assert taken(pacer, [10.0, 5.0]) == [10.0]
