"""Eight stories that nobody chose: whatever is said of them is true.

`make drawn` runs as many as one likes, of other seeds.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgediag.lab.network import Lab
from edgediag.lab.run import run_scenario
from edgediag.lab.score import Grade
from edgediag.lab.summary import describe
from tests.lab.drawn.catalog import draw

SEED = 1
CHOSEN = (
    "nft",
    "iptables",
    "policy",
    "route",
    "translation",
    "path",
    "data-here",
    "v6-nft",
)


@pytest.mark.netns
@pytest.mark.parametrize("kind", CHOSEN)
def test_no_verdict_is_wrong_or_claims_too_much(
    kind: str, prefixes: Iterator[str], tmp_path: Path
) -> None:
    story = draw(kind, SEED, 0)
    result = run_scenario(Lab(prefix=next(prefixes)), story, tmp_path / story.name)
    if result.is_skipped:
        pytest.skip(result.problem)
    assert result.score is not None, describe(result)
    assert result.score.grade <= Grade.UNDERCLAIMED, f"{describe(result)}\n{story.claim}"
