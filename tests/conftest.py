"""How hypothesis runs, labs of the tests' own, and the score of the scenarios at the end."""

import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from edgediag.lab import cgroup, namespace, state
from edgediag.lab.network import Lab

# Of the folder of a lab, of a namespace and of a control group.
OWN_NAME = re.compile(r"(?:edgediag-lab-)?(test(\d+)x\d+)(?:-\w+)?")

# A slow or shared machine is no failure.
settings.register_profile(
    "edgediag", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("edgediag")


@pytest.fixture(scope="session")
def needs_root() -> None:
    """A skip, for whoever may not change the kernel."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture(scope="session")
def prefixes(needs_root: None) -> Iterator[Iterator[str]]:
    """Prefixes for labs that no other process uses; all are taken down at the end.

    So is what killed runs left before.
    """
    _sweep()
    given: list[str] = []

    def give() -> Iterator[str]:
        while True:
            given.append(f"test{os.getpid()}x{len(given)}")
            yield given[-1]

    yield give()
    for prefix in given:
        Lab(prefix=prefix).down()


@pytest.fixture(scope="module")
def lab(prefixes: Iterator[str]) -> Iterator[Lab]:
    """A lab that is up; a test that breaks it mends it."""
    lab = Lab(prefix=next(prefixes))
    lab.up()
    yield lab
    lab.down()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Scenarios by family: how many of each grade, whatever the grade that a test accepts."""
    reports = (
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
    )
    grades = Counter(
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "scenario" and report.when == "call"
    )
    if not grades:
        return
    terminalreporter.section("score of the scenarios")
    for family in sorted({grade.partition("/")[0] for grade in grades}):
        words = [
            f"{count} {grade.partition('/')[2]}"
            for grade, count in sorted(grades.items())
            if grade.startswith(f"{family}/")
        ]
        terminalreporter.write_line(f"{family:12} {', '.join(words)}")


def _sweep() -> None:
    """Take down the labs of test runs that are no more, and single parts of such labs."""
    places = filter(None, (state.ROOT, namespace.RUN_DIRECTORY, cgroup.root()))
    names = [entry.name for place in places for entry in place.glob("*test*")]
    own = {match.groups() for match in map(OWN_NAME.fullmatch, names) if match}
    for prefix, pid in own:
        if not os.path.exists(f"/proc/{pid}"):
            Lab(prefix=prefix).down()
