"""What the runs of scenarios have to say, as text for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

from edgediag.lab.run import Result
from edgediag.lab.scenario import FAMILIES, Truth
from edgediag.lab.score import Grade

FAULTS = ("blocked", "degraded", "undetermined")
WORDS = {grade: grade.name.lower() for grade in Grade}


def outcome(result: Result) -> str:
    """One word: a grade, "failed" where there is no report, or "skipped"."""
    if result.is_skipped:
        return "skipped"
    return "failed" if result.score is None else WORDS[result.score.grade]


def describe(result: Result) -> str:
    """Truth beside verdict, and every reason why the report is not right."""
    name = result.scenario.name
    lines = [f"{outcome(result):12} {name}  ({result.duration_s:.1f} s)"]
    lines += [f"  server   {line}" for line in result.servers]
    lines += [f"  truth    {line}" for line in _truth_lines(result.truths)]
    if result.score is None:
        return "\n".join((*lines, f"  problem  {result.problem}"))
    lines += [f"  verdict  {line}" for line in _verdict_lines(result.checks)]
    lines += [
        f"  {WORDS[remark.grade]}: {remark.check}: {remark.text}"
        for remark in result.score.remarks
    ]
    return "\n".join(lines)


def tally(results: Sequence[Result]) -> str:
    """The score of all: how many of each outcome."""
    outcomes = [outcome(result) for result in results]
    words = ("right", "underclaimed", "wrong", "overclaimed", "failed", "skipped")
    counts = [f"{outcomes.count(word)} {word}" for word in words if word in outcomes]
    return f"{len(results)} scenarios: {', '.join(counts)}"


def tally_by_family(results: Sequence[Result]) -> tuple[str, ...]:
    """The same for each family that has results, in the order of FAMILIES, a line each."""
    return tuple(
        f"{family:12} {tally(members)}"
        for family in FAMILIES
        if (members := [result for result in results if result.scenario.family == family])
    )


def to_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One object a scenario, in their order."""
    return [
        {
            "scenario": result.scenario.name,
            "family": result.scenario.family,
            "claim": result.scenario.claim,
            "outcome": outcome(result),
            "remarks": [
                {"grade": WORDS[remark.grade], "check": remark.check, "text": remark.text}
                for remark in (result.score.remarks if result.score else ())
            ],
            "problem": result.problem,
            "duration_s": round(result.duration_s, 3),
            "output": str(result.output),
            "servers": list(result.servers),
        }
        for result in results
    ]


def _truth_lines(truths: Sequence[Truth]) -> list[str]:
    return [
        f"{'/'.join(truth.where)}, {truth.certainty}, after {truth.after or '-'}, "
        f"up to {truth.upto or '-'}, {' or '.join(truth.mechanism)}{_named(truth.culprit)}: "
        f"{' '.join(truth.affected)}"
        for truth in truths
    ] or ["nothing is wrong"]


def _verdict_lines(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each verdict, with all checks that share it."""
    shared: dict[str, list[str]] = {}
    for check in checks:
        if check["status"] in FAULTS:
            shared.setdefault(_verdict_line(check["verdict"]), []).append(str(check["id"]))
    return [f"{line}: {' '.join(names)}" for line, names in shared.items()] or ["nothing found"]


def _verdict_line(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "no verdict"
    return (
        f"{'/'.join(verdict['where'])}, {verdict['certainty']}, after {verdict['after'] or '-'}, "
        f"up to {verdict['upto'] or '-'}, {verdict['mechanism']}{_named(verdict['culprit'] or {})}"
    )


def _named(culprit: Mapping[str, Any]) -> str:
    return f" by {' '.join(f'{key}={value}' for key, value in culprit.items())}" if culprit else ""
