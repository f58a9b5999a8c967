"""When routers have an error left, after what they were asked."""

import pytest

from edgediag.losses.errors import AT_ONCE, REFILL_S, Errors, next_error_s

NOW_S = 100.0


@pytest.mark.parametrize(
    ("asked_s", "expected_s"),
    [
        pytest.param([], NOW_S, id="nobody asked it"),
        pytest.param([NOW_S] * (AT_ONCE - 1), NOW_S, id="it has one left"),
        pytest.param([NOW_S] * AT_ONCE, NOW_S + REFILL_S, id="it has none left"),
        pytest.param([NOW_S - REFILL_S] * AT_ONCE, NOW_S, id="it has one again"),
        pytest.param([NOW_S] * 20, NOW_S + REFILL_S, id="what it did not answer cost it nothing"),
        pytest.param(
            [NOW_S - 60.0] + [NOW_S] * AT_ONCE, NOW_S + REFILL_S, id="it keeps no more than so many"
        ),
    ],
)
def test_when_a_router_has_an_error(asked_s: list[float], expected_s: float) -> None:
    assert next_error_s(asked_s, NOW_S) == pytest.approx(expected_s)


def test_the_router_that_was_asked_most_is_waited_for() -> None:
    errors = Errors([[], [NOW_S] * AT_ONCE, [NOW_S]])
    assert errors.next_s(NOW_S) == pytest.approx(NOW_S + REFILL_S)


def test_what_is_spent_is_spent_at_every_router() -> None:
    errors = Errors([[], []])
    for _ in range(AT_ONCE):
        errors.spend(errors.next_s(NOW_S))
    assert errors.next_s(NOW_S) == pytest.approx(NOW_S + REFILL_S)


def test_a_path_without_routers_waits_for_none() -> None:
    assert Errors([]).next_s(NOW_S) == NOW_S
