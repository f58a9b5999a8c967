"""Stories drawn at random: well-formed, the same for the same seed, with truths of real checks."""

from functools import cache

import pytest

from edgediag.lab import scenario
from edgediag.lab.scenario import Scenario
from tests.lab.drawn.catalog import KINDS, PAIRS, SECOND, draw
from tests.lab.drawn.networks import FOUR, SIX
from tests.lab.drawn.written import write

STORIES = 200
# Patterns of more checks than the rows: those of every network are lost behind one router.
WILDCARD = "*"


@cache
def stories(kind: str) -> tuple[Scenario, ...]:
    return drawn_again(kind)


def drawn_again(kind: str) -> tuple[Scenario, ...]:
    return tuple(draw(kind, 1, number) for number in range(STORIES))


@pytest.mark.parametrize("kind", KINDS)
def test_a_story_is_read_back_from_the_file_that_it_is_written_to(kind: str) -> None:
    read = tuple(scenario.parse(story.name, write(story)) for story in stories(kind))
    assert read == stories(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_kind_seed_and_number_draw_the_same_story(kind: str) -> None:
    assert drawn_again(kind) == stories(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_another_number_or_seed_draws_another_story(kind: str) -> None:
    assert len({story.claim for story in stories(kind)}) > STORIES // 20
    assert draw(kind, 1, 0) != draw(kind, 2, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_truth_affects_is_a_check_and_never_nothing(kind: str) -> None:
    checks = {row.check for row in (SIX if kind in SECOND else FOUR).rows}
    affected = [truth.affected for story in stories(kind) for truth in story.truths]
    named = {check for each in affected for check in each if WILDCARD not in check}
    assert named <= checks | {"resolver-53"}
    assert all(affected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_certainty_fits_its_places_and_only_this_host_names_a_culprit(kind: str) -> None:
    for story in stories(kind):
        for truth in story.truths:
            assert (truth.certainty == "ambiguous") == (len(truth.where) > 1)
            assert bool(truth.culprit) == (truth.where == ("local",))


@pytest.mark.parametrize("kind", PAIRS)
def test_two_faults_touch_no_check_of_each_other(kind: str) -> None:
    pairs = [story.truths for story in stories(kind)]
    assert [one for one, other in pairs if set(one.affected) & set(other.affected)] == []
