"""Whether a fault presents as its truth says: what a plain tool did against what it has to do.

Pure; `verify` runs the tools.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

from edgediag.lab.scenario import ANY_STATUS, Proof
from edgediag.report.escape import escaped

LIMIT_S = 10.0
# So much of a tool's output is quoted in a reason.
QUOTED_CHARACTERS = 200


class Outcome(IntEnum):
    """What became of a proof, ascending from the best; the worst of a scenario's counts.

    SKIPPED    a tool it needs is not installed, so nothing is known
    WORTHLESS  it holds on the healthy lab too, so it shows nothing of the fault
    NOT_SHOWN  it does not hold
    """

    SHOWN = 0
    SKIPPED = 1
    WORTHLESS = 2
    NOT_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a tool did.

    status  with which it ended, None if it had not ended after LIMIT_S
    output  what it printed to stdout and stderr
    """

    status: int | None
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a proof, and why it was not shown; "" if it was."""

    proof: Proof
    outcome: Outcome
    reason: str


def judge(proof: Proof, healthy: Observation | None, broken: Observation) -> Finding:
    """A proof holds on the broken lab; on the healthy one a control holds as well, others do not.

    healthy  None where the healthy lab is not asked
    """
    if reason := difference(proof, broken):
        return Finding(proof=proof, outcome=Outcome.NOT_SHOWN, reason=reason)
    if healthy is None:
        return Finding(proof=proof, outcome=Outcome.SHOWN, reason="")
    reason = difference(proof, healthy)
    if proof.is_control and reason:
        text = f"a control, but on the healthy lab: {reason}"
        return Finding(proof=proof, outcome=Outcome.NOT_SHOWN, reason=text)
    if not (proof.is_control or reason):
        text = "the healthy lab shows the same; a control says control = true"
        return Finding(proof=proof, outcome=Outcome.WORTHLESS, reason=text)
    return Finding(proof=proof, outcome=Outcome.SHOWN, reason="")


def skip(proof: Proof, program: str) -> Finding:
    """What is found where a program is missing."""
    return Finding(proof=proof, outcome=Outcome.SKIPPED, reason=f"{program} is not installed")


def difference(proof: Proof, seen: Observation) -> str:
    """Why the tool did not do what the proof says, "" if it did."""
    if seen.status is None:
        return f"has not ended after {LIMIT_S:g} s; {_quote(seen.output)}"
    if proof.status not in (ANY_STATUS, seen.status):
        return f"ends with {seen.status}, not {proof.status}; {_quote(seen.output)}"
    if proof.says and not re.search(proof.says, seen.output):
        return f"does not say {proof.says!r}; {_quote(seen.output)}"
    if proof.lacks and (found := re.search(proof.lacks, seen.output)):
        return f"must not say {proof.lacks!r}; {_quote(found.group())}"
    return ""


def _quote(output: str) -> str:
    """The beginning of an output on one line, fit for a terminal."""
    # More than is quoted, for what is escaped grows and what is blank shrinks.
    words = escaped(" ".join(output[: 10 * QUOTED_CHARACTERS].split()))
    if len(words) > QUOTED_CHARACTERS:
        words = f"{words[:QUOTED_CHARACTERS]}…"
    return f"it says: {words}" if words else "it says nothing"
