"""The terminal report: the golden reports, and that nothing is cut off or smuggled in."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgediag.model.mapping import MappingLifetime
from edgediag.model.report import Report
from edgediag.model.verdict import Status
from edgediag.report.text import MIN_WIDTH, render

GOLDEN = Path(__file__).with_name("golden")
SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")

STORIES = [
    "healthy",
    "on-path",
    "local-nft-rule",
    "ambiguous",
    "one-cause-for-all",
    "hostile-strings",
]


@pytest.mark.parametrize("story", STORIES)
def test_golden(stories: dict[str, Report], story: str) -> None:
    golden = GOLDEN / f"{story}.txt"
    text = render(stories[story], width=80, color=False)
    if os.environ.get("RENEW_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("width", [0, MIN_WIDTH, 80, 132])
def test_no_line_is_wider_than_asked_for(
    stories: dict[str, Report], story: str, width: int
) -> None:
    lines = render(stories[story], width=width, color=False).splitlines()
    assert max(len(line) for line in lines) <= max(width, MIN_WIDTH)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("width", [MIN_WIDTH, 80])
def test_names_and_targets_are_folded_and_never_cut(
    stories: dict[str, Report], story: str, width: int
) -> None:
    report = stories[story]
    text = render(report, width=width, color=False)
    assert "…" not in text
    for check in report.checks:
        assert check.id in text
        assert _squeezed(check.host) in _squeezed(_column(text)) or not check.host.isprintable()


def _column(text: str) -> str:
    """The lines below CHECKS without what stands in the other columns."""
    return re.sub(r"^(ok|blocked)? +|  +-? .*$|  +[0-9.]+ ms.*$", "", text, flags=re.MULTILINE)


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("story", STORIES)
def test_colour_adds_nothing_but_colour(stories: dict[str, Report], story: str) -> None:
    plain = render(stories[story], width=80, color=False)
    colored = render(stories[story], width=80, color=True)
    assert "\x1b" not in plain
    assert "\x1b" in colored
    assert [line.rstrip() for line in SEQUENCE.sub("", colored).splitlines()] == plain.splitlines()


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_any_report_renders_to_lines_that_print(
    values_of: Callable[[object], "st.SearchStrategy[Any]"], data: st.DataObject
) -> None:
    text = render(data.draw(values_of(Report)), width=80, color=False)
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("statuses", "interrupted", "headline"),
    [
        pytest.param(
            (Status.OK, Status.OK),
            False,
            "HEALTHY: every check that was made passes: 2 ok",
            id="all pass",
        ),
        pytest.param(
            (Status.OK, Status.NOT_CHECKED),
            False,
            "HEALTHY: every check that was made passes: 1 ok, 1 not-checked",
            id="not checked is not broken, and is said",
        ),
        pytest.param(
            (Status.OK, Status.UNDETERMINED),
            False,
            "UNDETERMINED: no block is proven, but not every check passes: 1 ok, 1 undetermined",
            id="undetermined is not healthy",
        ),
        pytest.param(
            (Status.DEGRADED, Status.UNDETERMINED),
            False,
            "FAULTS FOUND: 1 degraded, 1 undetermined",
            id="degraded is a fault",
        ),
        pytest.param(
            (Status.NOT_CHECKED,),
            False,
            "NOTHING CHECKED: 1 not-checked",
            id="nothing checked is not healthy",
        ),
        pytest.param((), False, "NOTHING CHECKED: no check", id="an empty run is not healthy"),
        pytest.param(
            (Status.OK,),
            True,
            "INTERRUPTED, so far: HEALTHY: every check that was made passes: 1 ok",
            id="an interrupted run says so first",
        ),
    ],
)
def test_headline(
    stories: dict[str, Report], statuses: tuple[Status, ...], interrupted: bool, headline: str
) -> None:
    report = stories["healthy"]
    changed = replace(
        report,
        run=replace(report.run, is_interrupted=interrupted),
        checks=tuple(replace(report.checks[0], status=status) for status in statuses),
    )
    assert render(changed, width=100, color=False).splitlines()[0] == headline


def test_how_long_a_mapping_lives_is_told_where_it_was_asked_for(
    stories: dict[str, Report],
) -> None:
    timed = MappingLifetime(gateway=None, longest_s=8.0, trials=(), reason="nobody was asked")
    text = render(replace(stories["healthy"], mapping=timed), width=80, color=False)
    assert "\nIDLE UDP MAPPINGS LIVE\n- not known: nobody was asked\n" in text
    assert "MAPPINGS" not in render(stories["healthy"], width=80, color=False)
