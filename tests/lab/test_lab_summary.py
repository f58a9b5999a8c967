"""What is printed of a run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgediag.lab import summary
from edgediag.lab.run import Result
from edgediag.lab.scenario import Scenario, Truth
from edgediag.lab.score import Grade, Remark, Score

TRUTH = Truth(
    where=("on-path",),
    certainty="bounded",
    after="isp1",
    upto="isp2",
    mechanism=("silent-drop", "loss"),
    affected=("api-server-6443",),
    culprit={},
)
LOCAL = {
    "where": ["local"],
    "certainty": "proven",
    "after": None,
    "upto": "edge",
    "mechanism": "rule-drop",
    "culprit": {"kind": "nft-rule", "handle": 7},
}
REMARK = Remark(grade=Grade.WRONG, check="api-server-6443", text="mechanism loss, not tea")


def result(**changes: Any) -> Result:
    story = Scenario(
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
    values: dict[str, Any] = {
        "scenario": story,
        "truths": (TRUTH,),
        "checks": (),
        "score": Score(grade=Grade.RIGHT, remarks=()),
        "problem": "",
        "is_skipped": False,
        "duration_s": 1.25,
        "output": Path("out"),
        "servers": (),
    }
    return Result(**(values | changes))


def test_checks_with_one_verdict_share_a_line() -> None:
    checks = tuple(
        {"id": name, "status": status, "verdict": LOCAL}
        for name, status in (("a-1", "blocked"), ("b-2", "ok"), ("c-3", "degraded"))
    )
    assert summary.describe(result(checks=checks)).splitlines() == [
        "right        path-a  (1.2 s)",
        "  truth    on-path, bounded, after isp1, up to isp2, silent-drop or loss: api-server-6443",
        "  verdict  local, proven, after -, up to edge, rule-drop by kind=nft-rule handle=7: "
        "a-1 c-3",
    ]


def test_a_healthy_lab_has_little_to_say() -> None:
    assert summary.describe(result(truths=())).splitlines()[1:] == [
        "  truth    nothing is wrong",
        "  verdict  nothing found",
    ]


def test_which_servers_ran_is_told() -> None:
    ran = result(servers=("ike: embedded (charon is not there)",))
    assert summary.describe(ran).splitlines()[1] == "  server   ike: embedded (charon is not there)"


def test_every_reason_is_told() -> None:
    scored = Score(grade=Grade.WRONG, remarks=(REMARK,))
    last = summary.describe(result(score=scored)).splitlines()[-1]
    assert last == "  wrong: api-server-6443: mechanism loss, not tea"


def test_a_missing_verdict_is_told() -> None:
    checks = ({"id": "a-1", "status": "undetermined", "verdict": None},)
    assert "  verdict  no verdict: a-1" in summary.describe(result(checks=checks)).splitlines()


def test_a_run_without_report_tells_its_problem() -> None:
    failed = result(score=None, problem="it broke")
    assert summary.describe(failed).splitlines()[-1] == "  problem  it broke"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({}, "right", id="right"),
        pytest.param(
            {"score": Score(grade=Grade.OVERCLAIMED, remarks=())}, "overclaimed", id="overclaimed"
        ),
        pytest.param({"score": None}, "failed", id="failed"),
        pytest.param({"score": None, "is_skipped": True}, "skipped", id="skipped"),
    ],
)
def test_the_outcome_is_one_word(changes: dict[str, Any], word: str) -> None:
    assert summary.outcome(result(**changes)) == word


def test_the_tally_counts_what_there_is() -> None:
    results = [result(), result(), result(score=None)]
    assert summary.tally(results) == "3 scenarios: 2 right, 1 failed"


def test_each_family_has_a_tally_of_its_own() -> None:
    healthy = replace(result().scenario, family="healthy")
    results = [result(), result(score=None), result(scenario=healthy)]
    assert summary.tally_by_family(results) == (
        "healthy      1 scenarios: 1 right",
        "on-path      2 scenarios: 1 right, 1 failed",
    )


def test_the_json_carries_the_remarks() -> None:
    scored = result(
        score=Score(grade=Grade.WRONG, remarks=(REMARK,)), servers=("ntp: chronyd 4.3",)
    )
    assert summary.to_json([scored]) == [
        {
            "scenario": "path-a",
            "family": "on-path",
            "claim": "c",
            "outcome": "wrong",
            "remarks": [
                {"grade": "wrong", "check": "api-server-6443", "text": "mechanism loss, not tea"}
            ],
            "problem": "",
            "duration_s": 1.25,
            "output": "out",
            "servers": ["ntp: chronyd 4.3"],
        }
    ]
