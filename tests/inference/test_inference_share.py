"""Counts as shares: known values of both tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.inference.share import chance_of_so_few, interval, log_likelihood, rise


@pytest.mark.parametrize(
    ("hits", "count", "least", "most"),
    [
        pytest.param(0, 20, 0.0, 0.161, id="none of twenty"),
        pytest.param(6, 20, 0.145, 0.519, id="six of twenty"),
        pytest.param(20, 20, 0.839, 1.0, id="all of twenty"),
    ],
)
def test_an_interval_has_its_published_values(
    hits: int, count: int, least: float, most: float
) -> None:
    assert interval(hits, count) == pytest.approx((least, most), abs=0.001)


@given(count=st.integers(1, 200), data=st.data())
def test_an_interval_holds_the_share_itself(count: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, count))
    least, most = interval(hits, count)
    assert 0.0 <= least <= hits / count + 1e-9
    assert hits / count - 1e-9 <= most <= 1.0


@pytest.mark.parametrize(
    ("few", "many", "chance"),
    [
        # R. A. Fisher, The Design of Experiments (1935): the lady tasting tea, all or nothing.
        pytest.param((0, 4), (4, 4), 1 / 70, id="four cups of four"),
        pytest.param((0, 6), (17, 20), 0.00036, id="a limit"),
        pytest.param((2, 6), (6, 20), 0.7505, id="loss at both paces"),
        pytest.param((0, 6), (0, 20), 1.0, id="no loss at all"),
    ],
)
def test_the_chance_has_its_known_values(
    few: tuple[int, int], many: tuple[int, int], chance: float
) -> None:
    assert chance_of_so_few(few, many) == pytest.approx(chance, abs=0.0002)


@pytest.mark.parametrize(
    ("counts", "between"),
    [
        pytest.param([(0, 40), (0, 40), (12, 40), (20, 60)], (1, 2), id="from the third on"),
        pytest.param([(0, 40), (0, 40), (20, 60)], (1, 2), id="behind the last router"),
        pytest.param([(12, 40), (13, 40), (20, 60)], (-1, 0), id="everywhere alike"),
        pytest.param([(0, 40), (0, 3), (12, 40), (20, 60)], (0, 2), id="three tell nothing"),
        pytest.param([(0, 40), (1, 10), (12, 40)], (0, 2), id="one of ten may be of either"),
        pytest.param([(0, 3), (2, 4)], (-1, 1), id="too few to tell"),
        pytest.param([(6, 20)], (-1, 0), id="nothing but the end"),
    ],
)
def test_a_rise_is_said_as_narrowly_as_the_counts_allow(
    counts: list[tuple[int, int]], between: tuple[int, int]
) -> None:
    assert rise(counts, 0.03, 0.99) == between


@given(
    counts=st.lists(
        st.integers(0, 60).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))),
        min_size=1,
        max_size=12,
    )
)
def test_a_rise_lies_between_two_of_the_counts(counts: list[tuple[int, int]]) -> None:
    low, high = rise(counts, 0.03, 0.99)
    assert -1 <= low < high < len(counts)


@pytest.mark.parametrize(
    ("hits", "count", "share", "expected"),
    [
        pytest.param(0, 10, 0.0, 0.0, id="nothing of nothing"),
        pytest.param(1, 10, 0.0, float("-inf"), id="one where there is none"),
        pytest.param(10, 10, 1.0, 0.0, id="all of all"),
        pytest.param(1, 2, 0.5, -1.3863, id="one of two"),
    ],
)
def test_a_likelihood_has_its_value(
    hits: int, count: int, share: float, expected: float
) -> None:
    assert log_likelihood(hits, count, share) == pytest.approx(expected, abs=0.0001)
