"""What the verifications of scenarios have to say, as text for people and as JSON for programs."""

import shlex
from collections.abc import Sequence
from typing import Any

from edgediag.lab.proof import Finding, Outcome
from edgediag.lab.verify import Verification

# From the best to the worst; "failed", where the lab could not be broken, says nothing of a fault.
OUTCOMES = ("shown", "skipped", "failed", "worthless", "not-shown")


def outcome(verification: Verification) -> str:
    """One word of OUTCOMES; a scenario without proofs is not shown."""
    if verification.is_skipped:
        return "skipped"
    if verification.problem:
        return "failed"
    outcomes = [finding.outcome for finding in verification.findings]
    return _word(max(outcomes, default=Outcome.NOT_SHOWN))


def worst(verifications: Sequence[Verification]) -> str:
    """The worst outcome of all."""
    return max(map(outcome, verifications), key=OUTCOMES.index)


def describe(verification: Verification) -> str:
    """One line, and the reasons below it if the scenario is not shown."""
    name = verification.scenario.name
    lines = [f"{outcome(verification):12} {name}  ({verification.duration_s:.1f} s)"]
    if verification.problem:
        lines.append(f"  problem  {verification.problem}")
    elif not verification.findings:
        lines.append("  problem  it has no proof")
    lines += [
        f"  {_word(finding.outcome)}: {_command(finding)}: {finding.reason}"
        for finding in verification.findings
        if finding.outcome is not Outcome.SHOWN
    ]
    return "\n".join(lines)


def tally(verifications: Sequence[Verification]) -> str:
    """How many of each outcome."""
    outcomes = [outcome(verification) for verification in verifications]
    counts = [f"{outcomes.count(word)} {word}" for word in OUTCOMES if word in outcomes]
    return f"{len(verifications)} scenarios: {', '.join(counts)}"


def to_json(verifications: Sequence[Verification]) -> list[dict[str, Any]]:
    """One object a scenario, in their order."""
    return [
        {
            "scenario": verification.scenario.name,
            "family": verification.scenario.family,
            "claim": verification.scenario.claim,
            "outcome": outcome(verification),
            "proofs": [
                {
                    "node": finding.proof.node,
                    "argv": list(finding.proof.argv),
                    "control": finding.proof.is_control,
                    "outcome": _word(finding.outcome),
                    "reason": finding.reason,
                }
                for finding in verification.findings
            ],
            "problem": verification.problem,
            "duration_s": round(verification.duration_s, 3),
        }
        for verification in verifications
    ]


def _word(value: Outcome) -> str:
    return value.name.lower().replace("_", "-")


def _command(finding: Finding) -> str:
    """As it would be typed, after the node if it is another than the edge node."""
    node = finding.proof.node
    prefix = "" if node == "edge" else f"on {node}, "
    return prefix + shlex.join(finding.proof.argv)
