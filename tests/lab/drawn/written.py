"""A story as the text of a scenario file, so that `edgediag lab run FILE.toml` runs it again."""

import json
from collections.abc import Mapping

from edgediag.lab import steps
from edgediag.lab.scenario import Scenario, Truth


def write(story: Scenario) -> str:
    """The text that `scenario.parse` reads as this story, which has no proofs.

    Aliases are expanded already, so a fault at isp2 has a step for each of its twins.
    """
    head = {
        "claim": story.claim,
        "family": story.family,
        "why": story.why,
        "requires": story.requires,
        "dual_stack": story.is_dual_stack,
    }
    parts = [_lines(head)]
    if story.options:
        parts.append("[options]\n" + _lines(story.options))
    parts += ["[[inject]]\n" + _lines(steps.spell(step)) for step in story.inject]
    parts += [_truth(truth) for truth in story.truths]
    return "\n".join(parts)


def _truth(truth: Truth) -> str:
    table = {
        "where": truth.where,
        "certainty": truth.certainty,
        "after": truth.after,
        "upto": truth.upto,
        "mechanism": truth.mechanism,
        "affected": truth.affected,
    }
    text = "[[truth]]\n" + _lines(table)
    return text + ("\n[truth.culprit]\n" + _lines(truth.culprit) if truth.culprit else "")


def _lines(table: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: object) -> str:
    """Strings of JSON are strings of TOML, and so are its numbers and its true and false."""
    if isinstance(value, str) and "\n" in value:
        quoted = value.replace("\\", "\\\\").replace('"""', '""\\"')
        return f'"""\n{quoted}"""'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value)
