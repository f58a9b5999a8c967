"""When a walk ends, and what the places are worth that are said then."""

from random import Random

import pytest

from edgediag.losses.stopping import AT_LEAST, AT_MOST, ENOUGH
from made_up_losses import HOPS, walk_of

RUNS = 60


@pytest.mark.parametrize(
    ("share", "asked", "narrow"),
    [
        pytest.param(0.5, 12, 55, id="of a half"),
        pytest.param(0.3, 20, 55, id="of a third"),
        pytest.param(0.1, 35, 3, id="of a tenth"),
    ],
)
def test_the_place_of_a_loss_is_seldom_wrong_and_mostly_narrow(
    share: float, asked: int, narrow: int
) -> None:
    chance = Random(7)
    said = [walk_of(share, run % (len(HOPS) + 1), chance) for run in range(RUNS)]
    assert sum(one.is_wrong for one in said) <= 1
    assert sum(one.is_narrow for one in said) >= narrow
    assert sum(one.asked for one in said) <= asked * RUNS
    assert all(AT_LEAST <= one.asked <= AT_MOST for one in said)


def test_a_loss_that_more_questions_would_not_place_is_not_asked_to_the_end() -> None:
    chance = Random(7)
    assert {walk_of(0.05, 2, chance).asked for _ in range(10)} >= {ENOUGH}
