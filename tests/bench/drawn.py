"""How `edgediag diagnose` fares in stories that nobody chose.

`python -m tests.bench.drawn --seed N --count K [--kinds KIND,…]`, as root. Stories are drawn at
random, kind after kind, each with its truth; each is diagnosed in a lab of its own, some at once.
Every one that is not right is printed with its claim and its remarks. All lie as files in the
folder that is named at the end: `edgediag lab run FILE.toml` runs one again. The score by kind is
last. Exit status 1 if a verdict is wrong or claims too much, or if a story could not be run.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgediag.lab.run import Result, run_all
from edgediag.lab.scenario import Scenario
from edgediag.lab.summary import describe, outcome
from tests.lab.drawn.catalog import KINDS, draw
from tests.lab.drawn.written import write

OUTCOMES = ("right", "underclaimed", "wrong", "overclaimed", "failed", "skipped")
BAD = ("wrong", "overclaimed", "failed")
QUIET = ("right", "skipped")


def main() -> int:
    """The exit status."""
    chosen = _arguments()
    kinds = chosen.kinds.split(",") if chosen.kinds else KINDS
    numbers = range(chosen.first, chosen.first + chosen.count)
    stories = [draw(kinds[number % len(kinds)], chosen.seed, number) for number in numbers]
    folder: Path = chosen.output or Path("captures") / time.strftime("%Y%m%dT%H%M%SZ-drawn")
    folder.mkdir(parents=True, exist_ok=True)
    for story in stories:
        folder.joinpath(f"{story.name}.toml").write_text(write(story))
    prefixes = [f"drawn{os.getpid()}x{job}" for job in range(chosen.jobs)]
    results = run_all(stories, prefixes, folder.absolute(), tell=_tell)
    _print_score(results)
    print(f"the stories and the evidence are in {folder}")
    return int(any(outcome(result) in BAD for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True, help="how many stories")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--kinds", default="", help=f"of these: {','.join(KINDS)}")
    parser.add_argument("--jobs", type=int, default=4, help="how many labs at once")
    parser.add_argument("--output", type=Path, help="where stories and evidence are kept")
    return parser.parse_args()


def _tell(result: Result) -> None:
    if outcome(result) not in QUIET:
        print(f"{describe(result)}\n  claim    {result.scenario.claim}", flush=True)


def _print_score(results: Sequence[Result]) -> None:
    """A line for each kind that was drawn, and one for all."""
    form = "{:<16}" + "{:>14}" * len(OUTCOMES)
    print(form.format("kind", *OUTCOMES))
    by_kind = {kind: [r for r in results if _kind(r.scenario) == kind] for kind in KINDS}
    for kind, members in {**by_kind, "all": list(results)}.items():
        if members:
            counts = Counter(map(outcome, members))
            print(form.format(kind, *(counts[word] for word in OUTCOMES)))


def _kind(story: Scenario) -> str:
    """The middle of its name."""
    return story.name.removeprefix("drawn-").rsplit("-", 2)[0]


if __name__ == "__main__":
    sys.exit(main())
