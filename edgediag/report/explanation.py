"""What a walk found, for a person hook by hook and for a program as JSON."""

import json
from collections.abc import Mapping
from typing import Final

from edgediag.host.netfilter.chains import Backend
from edgediag.host.netfilter.origin import writer_of
from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Counter
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.conclusion import Conclusion
from edgediag.host.walk.culprit import rule_text
from edgediag.model.explained import Disposition
from edgediag.model.flow import Flow
from edgediag.report.culprit import culprit_json
from edgediag.report.escape import escape_strings, escaped

SCHEMA: Final = "edgediag.explanation/1"
NOT_EVALUATED: Final = ("queueing disciplines", "programs of sockets", "the neighbour")
_MOST_COURSES: Final = 8


def render_text(flow: Flow, conclusion: Conclusion) -> str:
    """The flow, each way it may take step by step, and what that comes to."""
    lines = [f"{flow.protocol.value} {_end(flow, True)} -> {_end(flow, False)}"]
    for number, course in enumerate(conclusion.courses[:_MOST_COURSES], start=1):
        if len(conclusion.courses) > 1:
            doubts = ", ".join(course.doubts)
            lines.append(f"way {number} of {len(conclusion.courses)}, by {doubts}:")
        lines += [f"  {step_words(step)}" for step in course.steps]
    lines.append(_verdict(conclusion))
    if conclusion.disposition is Disposition.PASSES:
        lines.append(f"not evaluated: {', '.join(NOT_EVALUATED)}")
    return "".join(f"{escaped(line)}\n" for line in lines)


def render_json(
    flow: Flow, conclusion: Conclusion, beside: Mapping[str, object] | None = None
) -> str:
    """One object.

    beside  what else was asked, by its name in the object
    """
    document: dict[str, object] = {
        "schema": SCHEMA,
        "flow": {
            "protocol": flow.protocol.value,
            "source": str(flow.source),
            "source_port": flow.source_port,
            "destination": str(flow.destination),
            "destination_port": flow.destination_port,
        },
        "disposition": conclusion.disposition.value,
        "deciders": [_object(step) for step in conclusion.deciders],
        "hangs_on": [escaped(reason) for reason in conclusion.hangs_on],
        "ways": [_way(course) for course in conclusion.courses],
        "not_evaluated": NOT_EVALUATED,
        **(beside or {}),
    }
    return json.dumps(document, indent=2) + "\n"


def _way(course: Course) -> dict[str, object]:
    return {
        "fate": course.fate.value,
        "doubts": [escaped(doubt) for doubt in course.doubts],
        "steps": [_object(step) for step in course.steps],
    }


def _object(step: Step) -> dict[str, object]:
    chain = step.chain
    return {
        "hook": step.hook,
        "action": escaped(step.action),
        "backend": chain.backend.value if chain else None,
        "family": chain.family if chain else None,
        "table": escaped(chain.table) if chain else None,
        "chain": escaped(chain.chain) if chain else None,
        "handle": (step.rule.handle or None) if step.rule else None,
        "number": step.number or None,
        "packets": _packets(step.rule) if step.rule else None,
        "text": escaped(rule_text(step)) or None,
        "writer": escaped(_writer(step)) or None,
        "program": None if step.program is None else culprit_json(escape_strings(step.program)),
    }


def step_words(step: Step) -> str:
    """A step in one line: where it happened, and what."""
    if step.chain is None:
        return f"{step.hook}: {step.action}"
    # Of a table that stands in both backends, the name alone would not say which is meant.
    backend = "legacy " * (step.chain.backend is Backend.LEGACY)
    place = f"{step.hook}: {backend}{step.chain.family} {step.chain.table} {step.chain.chain}"
    if step.rule is None:
        return f"{place}: {step.action}"
    handle, packets, writer = step.rule.handle, _packets(step.rule), _writer(step)
    known = (
        f"handle {handle}" if handle else "",
        "" if packets is None else f"{packets} packets",
    )
    named = ", ".join(words for words in known if words)
    written = f" (written by {writer})" if writer else ""
    return f"{place} rule {step.number} ({named}): {rule_text(step)}{written}"


def end_words(address: str, port: str) -> str:
    """One end of a flow as a URL has it (RFC 3986 §3.2.2); either may be "?"."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _packets(rule: FilterRule) -> int | None:
    """How many packets a rule counted before this walk, None where it does not count."""
    counters = (each.packets for each in rule.expressions if isinstance(each, Counter))
    return next(counters, None)


def _writer(step: Step) -> str:
    """Who keeps the rule of a step, "" where it has none or nothing tells."""
    if step.rule is None:
        return ""
    writer = writer_of(step.rule.table, step.rule.chain, rule_text(step))
    return writer.name if writer else ""


def _verdict(conclusion: Conclusion) -> str:
    word = conclusion.disposition.value
    match conclusion.disposition:
        case Disposition.PASSES:
            steps = (step for course in conclusion.courses for step in course.steps)
            if any(step.program for step in steps):
                return f"{word} routing, the packet filters and the programs on its way"
            return f"{word} routing and the packet filters"
        case Disposition.UNDETERMINED:
            return f"{word}; hangs on {', '.join(conclusion.hangs_on) or 'rules not read'}"
        case Disposition.DROPPED | Disposition.REJECTED:
            by = "; or by ".join(step_words(step) for step in conclusion.deciders)
            return f"{word} by {by}"


def _end(flow: Flow, is_source: bool) -> str:
    address = flow.source if is_source else flow.destination
    port = flow.source_port if is_source else flow.destination_port
    return end_words(str(address), str(port)) if port else str(address)
