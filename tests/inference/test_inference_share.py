"""Counts as shares: known values of both tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.inference.share import chance_of_so_few, interval


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
