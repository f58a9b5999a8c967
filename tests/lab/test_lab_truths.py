"""Every scenario: the whole command in a broken lab says what is true, and blames nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgediag.lab import scenario
from edgediag.lab.network import Lab
from edgediag.lab.run import run_scenario
from edgediag.lab.summary import describe, outcome

pytestmark = pytest.mark.netns


@pytest.mark.parametrize("name", scenario.names())
def test_the_verdict_is_the_truth(
    name: str, prefixes: Iterator[str], tmp_path: Path
) -> None:
    result = run_scenario(Lab(prefix=next(prefixes)), scenario.load(name), tmp_path / name)
    if result.is_skipped:
        pytest.skip(result.problem)
    assert outcome(result) == "right", describe(result)
