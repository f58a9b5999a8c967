"""Compare a report with the truth: right, underclaimed, wrong or overclaimed, and why.

A pure function over the report's JSON, so that a kept report can be scored again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from edgediag.errors import UsageError
from edgediag.lab.scenario import Truth
from edgediag.lab.topology import LANDMARKS

BLAMED = ("blocked", "degraded")
CLAIMLESS = ("undetermined", "not-checked")

# Words that say less than others: they are true of these as well, where the place is right too.
_LOCAL = frozenset(
    {
        "rule-drop", "rule-reject", "policy-drop", "set-match", "rp-filter", "xfrm-block",
        "conntrack-full", "tc-drop", "xdp-drop", "cgroup-drop", "qdisc-drop", "misroute", "mtu",
        "checksum-offload", "wrong-source",
    }
)
_SILENT = frozenset(
    {
        "pmtu-blackhole", "fragment-drop", "nat-timeout", "rate-limit", "ecmp-partial",
        "return-path", "source-port-filter", "sni-filter", "service-silent", "xdp-drop",
        "vxlan-mismatch",
    }
)
_RESET = frozenset({"forged-reset", "sni-filter", "service-refuses"})
LESS_THAN: Mapping[str, frozenset[str]] = MappingProxyType(
    {"local-drop": _LOCAL, "silent-drop": _SILENT, "reset": _RESET}
)
CERTAINTIES = ("ambiguous", "bounded", "proven")
WILDCARDS = frozenset("*?[")
# Null as `after` bounds nothing, and null as `upto` neither.
BEFORE_ALL, BEHIND_ALL = -1, len(LANDMARKS)


class Grade(IntEnum):
    """How good a report is, ascending from the best; the worst of its checks counts."""

    RIGHT = 0
    UNDERCLAIMED = 1
    WRONG = 2
    OVERCLAIMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Why a check is not right."""

    grade: Grade
    check: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The worst grade, and every remark in the order of the checks."""

    grade: Grade
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """The part of a check's JSON that is scored."""

    where: frozenset[str]
    certainty: str
    after: str | None
    upto: str | None
    mechanism: str | None
    culprit: Mapping[str, Any] | None


def score(
    report: Mapping[str, Any], truths: Sequence[Truth], landmarks: Mapping[str, str]
) -> Score:
    """How the report compares with the truths.

    report     schema edgediag.report/1
    truths     with their culprits' handles looked up
    landmarks  the landmark each address of the lab belongs to
    raises     UsageError if the report is not one
    """
    try:
        checks = {str(check["id"]): check for check in report["checks"]}
        remarks = [*_missing(tuple(checks), truths)]
        for name, check in checks.items():
            remarks += _judge_check(name, check, truths, landmarks)
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"cannot score the report: {exc!r} in its JSON") from exc
    grade = max((remark.grade for remark in remarks), default=Grade.RIGHT)
    return Score(grade=grade, remarks=tuple(remarks))


def _missing(checks: Sequence[str], truths: Sequence[Truth]) -> list[Remark]:
    """What the truths speak of and the report does not."""
    needed = [
        pattern for truth in truths for pattern in truth.affected if not set(pattern) & WILDCARDS
    ]
    needed += [
        " ".join(truth.affected)
        for truth in truths
        if not any(_is_affected(check, truth) for check in checks)
    ]
    return [
        Remark(grade=Grade.WRONG, check=pattern, text="is broken and not in the report")
        for pattern in dict.fromkeys(needed)
        if pattern not in checks
    ]


def _judge_check(
    name: str, check: Mapping[str, Any], truths: Sequence[Truth], landmarks: Mapping[str, str]
) -> list[Remark]:
    status = check["status"]
    concerned = [truth for truth in truths if _is_affected(name, truth)]
    if not concerned:
        return _judge_healthy(name, status)
    if status not in (*BLAMED, "undetermined") or check["verdict"] is None:
        # "ok" is a claim, and a wrong one; the others claim nothing.
        grade = Grade.UNDERCLAIMED if status in CLAIMLESS else Grade.WRONG
        return [Remark(grade=grade, check=name, text=f"is broken, the report says {status}")]
    verdict = _read_verdict(check["verdict"])
    # Where several truths speak of one check, each of them would be right.
    return min(
        (_judge_verdict(name, verdict, truth, landmarks) for truth in concerned),
        key=lambda remarks: max((remark.grade for remark in remarks), default=Grade.RIGHT),
    )


def _is_affected(check: str, truth: Truth) -> bool:
    return any(fnmatchcase(check, pattern) for pattern in truth.affected)


def _judge_healthy(name: str, status: str) -> list[Remark]:
    if status in BLAMED:
        text = f"works, the report says {status}"
        return [Remark(grade=Grade.OVERCLAIMED, check=name, text=text)]
    if status == "undetermined":
        text = "works, the report cannot tell"
        return [Remark(grade=Grade.UNDERCLAIMED, check=name, text=text)]
    return []


def _read_verdict(verdict: Mapping[str, Any]) -> _Verdict:
    return _Verdict(
        where=frozenset(verdict["where"]),
        certainty=verdict["certainty"],
        after=verdict["after"],
        upto=verdict["upto"],
        mechanism=verdict["mechanism"],
        culprit=verdict["culprit"],
    )


def _judge_verdict(
    name: str, verdict: _Verdict, truth: Truth, landmarks: Mapping[str, str]
) -> list[Remark]:
    after = _position(verdict.after, landmarks, BEFORE_ALL)
    upto = _position(verdict.upto, landmarks, BEHIND_ALL)
    true_after = _position(truth.after or None, landmarks, BEFORE_ALL)
    true_upto = _position(truth.upto or None, landmarks, BEHIND_ALL)
    judgements = (
        _judge_where(verdict.where, frozenset(truth.where)),
        _judge_certainty(verdict.certainty, truth.certainty),
        _judge_bound(f"after {verdict.after}, not {truth.after}", after, true_after),
        _judge_bound(f"up to {verdict.upto}, not {truth.upto}", true_upto, upto),
        _judge_mechanism(verdict.mechanism, truth.mechanism),
        _judge_culprit(verdict.culprit, truth.culprit),
    )
    return [
        Remark(grade=judgement[0], check=name, text=judgement[1])
        for judgement in judgements
        if judgement is not None
    ]


def _position(place: str | None, landmarks: Mapping[str, str], unbounded: int) -> int | None:
    """Where on the way from edge to host a place lies; None if it lies nowhere on it."""
    if place is None:
        return unbounded
    landmark = landmarks.get(place, place)
    return LANDMARKS.index(landmark) if landmark in LANDMARKS else None


def _judge_where(claimed: frozenset[str], true: frozenset[str]) -> tuple[Grade, str] | None:
    if claimed == true:
        return None
    grade = Grade.UNDERCLAIMED if claimed > true else Grade.OVERCLAIMED
    return grade, f"where {sorted(claimed)}, not {sorted(true)}"


def _judge_certainty(claimed: str, true: str) -> tuple[Grade, str] | None:
    surplus = CERTAINTIES.index(claimed) - CERTAINTIES.index(true)
    if surplus == 0:
        return None
    grade = Grade.OVERCLAIMED if surplus > 0 else Grade.UNDERCLAIMED
    return grade, f"{claimed}, not {true}"


def _judge_bound(text: str, nearer: int | None, farther: int | None) -> tuple[Grade, str] | None:
    """A bound is right where both agree; beyond it lies a narrower claim than the truth allows."""
    if nearer is None or farther is None:
        return Grade.WRONG, f"{text}: no place of this path"
    if nearer == farther:
        return None
    return (Grade.OVERCLAIMED if nearer > farther else Grade.UNDERCLAIMED), text


def _judge_mechanism(claimed: str | None, true: Sequence[str]) -> tuple[Grade, str] | None:
    if claimed in true:
        return None
    says_less = claimed is None or bool(LESS_THAN.get(claimed, frozenset()) & set(true))
    grade = Grade.UNDERCLAIMED if says_less else Grade.WRONG
    return grade, f"mechanism {claimed}, not {' or '.join(true)}"


def _judge_culprit(
    claimed: Mapping[str, Any] | None, true: Mapping[str, str | int]
) -> tuple[Grade, str] | None:
    if claimed is None:
        return (Grade.UNDERCLAIMED, f"no culprit, not {dict(true)}") if true else None
    if not true:
        return Grade.OVERCLAIMED, f"culprit {dict(claimed)}, where none can be known"
    different = {key: claimed.get(key) for key, value in true.items() if claimed.get(key) != value}
    return (Grade.OVERCLAIMED, f"culprit has {different}, not {dict(true)}") if different else None
