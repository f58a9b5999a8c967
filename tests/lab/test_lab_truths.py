"""Every scenario: the whole command in a broken lab says what is true, and blames nothing else.

What falls short of its truth stands in `score.toml` with the reason. The score may rise, not fall.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgediag.lab import scenario
from edgediag.lab.network import Lab
from edgediag.lab.run import run_scenario
from edgediag.lab.score import Grade
from edgediag.lab.summary import describe, outcome
from edgediag.toml import tomllib

SHORT = tomllib.loads(Path(__file__).with_name("score.toml").read_text())


# May only fall: a wrong verdict is worse than none.
MOST_OVERCLAIMED = 0


def accepted(name: str) -> Grade:
    """The worst grade that a scenario may get."""
    return Grade[SHORT[name]["grade"].upper()] if name in SHORT else Grade.RIGHT


@pytest.mark.netns
@pytest.mark.parametrize("name", scenario.names())
def test_the_verdict_is_the_truth(
    name: str,
    prefixes: Iterator[str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    story = scenario.load(name)
    result = run_scenario(Lab(prefix=next(prefixes)), story, tmp_path / name)
    if result.is_skipped:
        pytest.skip(result.problem)
    record_property("scenario", f"{story.family}/{outcome(result)}")
    assert result.score is not None, describe(result)
    assert result.score.grade <= accepted(name), describe(result)


def test_what_falls_short_is_a_scenario_and_says_why() -> None:
    assert set(SHORT) <= set(scenario.names())
    assert [name for name in SHORT if accepted(name) is Grade.RIGHT] == []
    assert [name for name in SHORT if len(SHORT[name]["because"]) < 20] == []


def test_no_more_overclaim_than_are_known() -> None:
    known = [name for name in SHORT if accepted(name) is Grade.OVERCLAIMED]
    assert len(known) <= MOST_OVERCLAIMED
