"""The table of user reports names scenarios that exist, each with the grade that it may get."""

import re
from pathlib import Path

import pytest

from edgediag.lab.scenario import names
from edgediag.toml import tomllib

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "raven-reports.md"
ADMITTED = tomllib.loads((Path(__file__).parent / "score.toml").read_text())
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| [0-9]+ \|", line)
]
NOT_HOSTED = "–"


def named(cell: str) -> list[str]:
    return re.findall(r"`([a-z0-9-]+)`", cell)


def test_every_report_has_its_row() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 42)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"report {row[0]}")
def test_a_row_names_scenarios_with_their_grade_or_says_why_not(row: list[str]) -> None:
    _, _, _, scenarios, score = row
    if scenarios == NOT_HOSTED:
        assert score.startswith("not hostable here: ")
        return
    grades = {ADMITTED.get(name, {"grade": "right"})["grade"] for name in named(scenarios)}
    assert grades == {score}


def test_every_scenario_on_the_page_exists() -> None:
    known = set(names())
    written = {name for row in ROWS for cell in row for name in named(cell)}
    assert {name for name in written if "-" in name} - known == set()
