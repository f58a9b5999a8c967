"""What is printed of a verification."""

from typing import Any

import pytest

from edgediag.lab import verify_summary
from edgediag.lab.proof import Finding, Outcome
from edgediag.lab.scenario import Proof, Scenario
from edgediag.lab.verify import Verification

STORY = Scenario(
    name="path-a",
    claim="c",
    family="on-path",
    why="w",
    requires=(),
    options={},
    inject=(),
    truths=(),
    proofs=(),
)


def finding(outcome: Outcome, reason: str = "", **changes: Any) -> Finding:
    values: dict[str, Any] = {"argv": ("nc", "-z", "a b"), "status": 1, **changes}
    return Finding(proof=Proof(**values), outcome=outcome, reason=reason)


def verification(*findings: Finding, **changes: Any) -> Verification:
    values: dict[str, Any] = {
        "scenario": STORY,
        "findings": findings,
        "problem": "",
        "is_skipped": False,
        "duration_s": 1.25,
    }
    return Verification(**(values | changes))


SHOWN = verification(finding(Outcome.SHOWN))
SKIPPED = verification(finding(Outcome.SHOWN), finding(Outcome.SKIPPED, "nc is not installed"))
NOT_SHOWN = verification(finding(Outcome.NOT_SHOWN, "why", node="cpe"), finding(Outcome.WORTHLESS))
FAILED = verification(problem="cannot build the lab")


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        pytest.param(SHOWN, "shown        path-a  (1.2 s)", id="shown: one line"),
        pytest.param(
            SKIPPED,
            "skipped      path-a  (1.2 s)\n  skipped: nc -z 'a b': nc is not installed",
            id="one proof is skipped",
        ),
        pytest.param(
            NOT_SHOWN,
            "not-shown    path-a  (1.2 s)\n"
            "  not-shown: on cpe, nc -z 'a b': why\n"
            "  worthless: nc -z 'a b': ",
            id="the worst counts, all are named",
        ),
        pytest.param(
            FAILED, "failed       path-a  (1.2 s)\n  problem  cannot build the lab", id="failed"
        ),
        pytest.param(
            verification(),
            "not-shown    path-a  (1.2 s)\n  problem  it has no proof",
            id="no proof at all",
        ),
        pytest.param(
            verification(problem="ipset not installed", is_skipped=True),
            "skipped      path-a  (1.2 s)\n  problem  ipset not installed",
            id="the injection needs what is missing",
        ),
    ],
)
def test_a_scenario_is_a_line_and_its_reasons(subject: Verification, text: str) -> None:
    assert verify_summary.describe(subject) == text


def test_the_tally_counts_from_the_best() -> None:
    assert verify_summary.tally((FAILED, SHOWN, NOT_SHOWN, SHOWN)) == (
        "4 scenarios: 2 shown, 1 failed, 1 not-shown"
    )


def test_what_is_not_shown_is_worse_than_what_could_not_be_tried() -> None:
    assert verify_summary.worst((NOT_SHOWN, FAILED, SKIPPED, SHOWN)) == "not-shown"


def test_programs_get_one_object_a_scenario() -> None:
    assert verify_summary.to_json((verification(finding(Outcome.NOT_SHOWN, "why")),)) == [
        {
            "scenario": "path-a",
            "family": "on-path",
            "claim": "c",
            "outcome": "not-shown",
            "proofs": [
                {
                    "node": "edge",
                    "argv": ["nc", "-z", "a b"],
                    "control": False,
                    "outcome": "not-shown",
                    "reason": "why",
                }
            ],
            "problem": "",
            "duration_s": 1.25,
        }
    ]
