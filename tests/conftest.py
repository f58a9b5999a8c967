"""How hypothesis runs, and the score of the scenarios at the end of a run."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# A slow or shared machine is no failure.
settings.register_profile(
    "edgediag", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("edgediag")


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
