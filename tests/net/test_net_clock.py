"""The run's clock."""

import time

import pytest

from edgediag.net.clock import Clock, utc_timestamp


def test_the_clock_shows_the_time_of_day() -> None:
    assert Clock().now_s() == pytest.approx(time.time(), abs=0.1)


def test_time_never_steps_back() -> None:
    clock = Clock()
    readings = [clock.now_s() for _ in range(1000)]
    assert readings == sorted(readings)


def test_a_wall_time_is_taken_as_it_is_while_nobody_sets_the_wall_clock() -> None:
    assert Clock().from_wall(1_800_000_000.25) == 1_800_000_000.25


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 0.5])
def test_a_wall_time_follows_a_step_of_the_wall_clock(
    monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    clock = Clock()
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + step_s)
    assert clock.from_wall(time.time()) == pytest.approx(clock.now_s(), abs=0.1)


@pytest.mark.parametrize(
    ("epoch_s", "text"),
    [
        pytest.param(0.0, "1970-01-01T00:00:00Z", id="the epoch"),
        pytest.param(1_795_381_200.9, "2026-11-22T21:00:00Z", id="fractions are cut off"),
    ],
)
def test_a_time_stamp_is_written_in_utc(epoch_s: float, text: str) -> None:
    assert utc_timestamp(epoch_s) == text
