"""Truth beside verdict."""

from collections.abc import Mapping
from typing import Any

import pytest

from edgediag.errors import UsageError
from edgediag.lab.scenario import Truth
from edgediag.lab.score import Grade, Remark, Score, score

LANDMARKS = {"192.0.2.1": "cpe", "192.0.2.2": "isp1", "192.0.2.3": "isp2", "192.0.2.33": "isp2"}
CULPRIT = {"kind": "nft-rule", "table": "filter", "handle": 7}


def truth(**changes: Any) -> Truth:
    values: dict[str, Any] = {
        "where": ("on-path",),
        "certainty": "bounded",
        "after": "isp1",
        "upto": "isp2",
        "mechanism": ("silent-drop", "loss"),
        "affected": ("api-server-6443",),
        "culprit": {},
    }
    return Truth(**(values | changes))


def verdict(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "where": ["on-path"],
        "certainty": "bounded",
        "after": "192.0.2.2",
        "upto": "192.0.2.3",
        "mechanism": "silent-drop",
        "culprit": None,
    }
    return values | changes


def check(status: str, said: Mapping[str, Any] | None, name: str = "api-server-6443") -> Any:
    return {"id": name, "status": status, "verdict": said}


BROKEN = truth()
LOCAL = truth(where=("local",), certainty="proven", after="", upto="edge", culprit=CULPRIT)
LOCAL_VERDICT = verdict(
    where=["local"],
    certainty="proven",
    after=None,
    upto="edge",
    culprit={**CULPRIT, "text": "drop"},
)
LAST_MILE = truth(where=("on-path", "remote"), certainty="ambiguous", after="isp2", upto="host")


def grade(said: Mapping[str, Any], expected: Truth) -> Grade:
    return score({"checks": [check("blocked", said)]}, [expected], LANDMARKS).grade


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(verdict(), BROKEN, id="all as the truth says"),
        pytest.param(verdict(upto="192.0.2.33"), BROKEN, id="either twin is isp2"),
        pytest.param(verdict(mechanism="loss"), BROKEN, id="any of the right words"),
        pytest.param(LOCAL_VERDICT, LOCAL, id="more keys of a culprit than the truth asks for"),
        pytest.param(
            verdict(
                where=["remote", "on-path"], certainty="ambiguous", after="192.0.2.33", upto="host"
            ),
            LAST_MILE,
            id="places in any order",
        ),
    ],
)
def test_a_verdict_is_right(said: Mapping[str, Any], expected: Truth) -> None:
    assert grade(said, expected) is Grade.RIGHT


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            verdict(where=["remote"], certainty="ambiguous", after="192.0.2.3", upto="host"),
            LAST_MILE,
            id="one of two places that look the same",
        ),
        pytest.param(verdict(where=["local"]), BROKEN, id="another place"),
        pytest.param(verdict(certainty="proven"), BROKEN, id="surer than can be"),
        pytest.param(verdict(after="192.0.2.3"), BROKEN, id="the near end too far"),
        pytest.param(verdict(upto="192.0.2.2"), BROKEN, id="the far end too near"),
        pytest.param(verdict(culprit=CULPRIT), BROKEN, id="a culprit that nobody can know"),
        pytest.param(
            LOCAL_VERDICT | {"culprit": {**CULPRIT, "handle": 8}}, LOCAL, id="an innocent rule"
        ),
    ],
)
def test_a_verdict_overclaims(said: Mapping[str, Any], expected: Truth) -> None:
    assert grade(said, expected) is Grade.OVERCLAIMED


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(verdict(where=["on-path", "remote"]), BROKEN, id="a place too many"),
        pytest.param(verdict(certainty="ambiguous"), BROKEN, id="less sure than could be"),
        pytest.param(verdict(after="192.0.2.1"), BROKEN, id="the near end too near"),
        pytest.param(verdict(after="edge"), BROKEN, id="the near end at the edge"),
        pytest.param(verdict(after=None), BROKEN, id="no near end"),
        pytest.param(verdict(upto="host"), BROKEN, id="the far end too far"),
        pytest.param(verdict(upto=None), BROKEN, id="no far end"),
        pytest.param(verdict(mechanism=None), BROKEN, id="no mechanism"),
        pytest.param(LOCAL_VERDICT | {"culprit": None}, LOCAL, id="no culprit"),
        pytest.param(
            LOCAL_VERDICT | {"mechanism": "local-drop"},
            truth(
                where=("local",),
                certainty="proven",
                after="",
                upto="edge",
                mechanism=("tc-drop",),
                culprit=CULPRIT,
            ),
            id="a word that says less",
        ),
    ],
)
def test_a_verdict_underclaims(said: Mapping[str, Any], expected: Truth) -> None:
    assert grade(said, expected) is Grade.UNDERCLAIMED


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(verdict(mechanism="sni-filter"), id="another mechanism"),
        pytest.param(verdict(mechanism="local-drop"), id="a word that says less of another place"),
        pytest.param(verdict(after="203.0.113.99"), id="an address of nowhere"),
    ],
)
def test_a_verdict_is_wrong(said: Mapping[str, Any]) -> None:
    assert grade(said, BROKEN) is Grade.WRONG


@pytest.mark.parametrize(
    ("checks", "truths", "expected"),
    [
        pytest.param([check("ok", None)], [], [], id="healthy and said so"),
        pytest.param([check("not-checked", None)], [], [], id="not checked blames nobody"),
        pytest.param(
            [check("blocked", verdict())],
            [],
            [(Grade.OVERCLAIMED, "works, the report says blocked")],
            id="a healthy check blamed",
        ),
        pytest.param(
            [check("degraded", verdict())],
            [],
            [(Grade.OVERCLAIMED, "works, the report says degraded")],
            id="a healthy check belittled",
        ),
        pytest.param(
            [check("undetermined", None)],
            [],
            [(Grade.UNDERCLAIMED, "works, the report cannot tell")],
            id="a healthy check doubted",
        ),
        pytest.param(
            [check("ok", None)],
            [BROKEN],
            [(Grade.WRONG, "is broken, the report says ok")],
            id="a fault not seen",
        ),
        pytest.param(
            [check("undetermined", verdict())], [BROKEN], [], id="undetermined with a right verdict"
        ),
        pytest.param(
            [check("undetermined", None)],
            [BROKEN],
            [(Grade.UNDERCLAIMED, "is broken, the report says undetermined")],
            id="undetermined without a verdict",
        ),
        pytest.param(
            [check("not-checked", None)],
            [BROKEN],
            [(Grade.UNDERCLAIMED, "is broken, the report says not-checked")],
            id="a fault not looked for",
        ),
        pytest.param(
            [], [BROKEN], [(Grade.WRONG, "is broken and not in the report")], id="left out"
        ),
        pytest.param(
            [check("blocked", verdict())],
            [truth(mechanism=("loss",)), BROKEN],
            [],
            id="of two truths on one check either may be met",
        ),
    ],
)
def test_a_report_is_remarked_on(
    checks: list[Any], truths: list[Truth], expected: list[tuple[Grade, str]]
) -> None:
    remarks = tuple(Remark(grade=g, check="api-server-6443", text=text) for g, text in expected)
    worst = max((g for g, _ in expected), default=Grade.RIGHT)
    assert score({"checks": checks}, truths, LANDMARKS) == Score(grade=worst, remarks=remarks)


def test_a_pattern_may_match_nothing_as_long_as_another_does() -> None:
    wide = truth(affected=("tunnel-server-*", "api-server-*"))
    assert score({"checks": [check("blocked", verdict())]}, [wide], LANDMARKS).remarks == ()


def test_patterns_that_all_match_nothing_are_missed() -> None:
    wide = truth(affected=("tunnel-server-*", "raven-*"))
    assert score({"checks": []}, [wide], LANDMARKS).remarks == (
        Remark(
            grade=Grade.WRONG,
            check="tunnel-server-* raven-*",
            text="is broken and not in the report",
        ),
    )


def test_the_worst_remark_is_the_grade() -> None:
    said = verdict(certainty="ambiguous", culprit=CULPRIT)
    scored = score({"checks": [check("blocked", said)]}, [BROKEN], LANDMARKS)
    assert (scored.grade, len(scored.remarks)) == (Grade.OVERCLAIMED, 2)


@pytest.mark.parametrize(
    "report",
    [{}, {"checks": [{}]}, {"checks": [check("blocked", {"where": []})]}, {"checks": 3}],
)
def test_what_is_no_report_cannot_be_scored(report: Mapping[str, Any]) -> None:
    with pytest.raises(UsageError, match="^cannot score the report: "):
        score(report, [BROKEN], LANDMARKS)
