"""The report as JSON, after `report.schema.json`: what programs read."""

import json
from typing import Final

from edgediag.inference.layers import layers_of
from edgediag.inference.lifetime import bounds
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction
from edgediag.model.mapping import MappingLifetime
from edgediag.model.report import CheckReport, Node, Report, Run
from edgediag.model.verdict import Finding, Place, RootCause, Status, Verdict
from edgediag.report.culprit import culprit_json
from edgediag.report.escape import escape_strings
from edgediag.report.values import JsonValue, to_json

SCHEMA: Final = "edgediag.report/1"


def render(report: Report) -> str:
    """The report as indented JSON that ends with a line feed; its keys stand in schema order."""
    document = _document(escape_strings(report))
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _document(report: Report) -> dict[str, JsonValue]:
    return {
        "schema": SCHEMA,
        "tool": {"name": "edgediag", "version": report.version},
        "run": _run(report.run),
        "node": _node(report.node),
        "checks": [_check(check) for check in report.checks],
        "root_causes": [_root_cause(cause) for cause in report.root_causes],
        **_layers(report),
        **_nat_timeout(report.mapping),
        "warnings": list(report.warnings),
        "artifacts": [
            {"kind": artifact.kind, "path": artifact.path, "sha256": artifact.sha256}
            for artifact in report.artifacts
        ],
    }


def _layers(report: Report) -> dict[str, JsonValue]:
    layers = layers_of(report.checks, report.root_causes)
    if not layers:
        return {}
    return {
        "layers": [
            {
                "name": layer.name,
                "state": layer.state.value,
                "checks": list(layer.checks),
                "reason": layer.reason,
            }
            for layer in layers
        ]
    }


def _nat_timeout(mapping: MappingLifetime | NotChecked) -> dict[str, JsonValue]:
    if isinstance(mapping, NotChecked):
        return {}
    at_least_s, less_than_s = bounds(mapping)
    return {
        "nat_timeout": {
            "gateway": to_json(mapping.gateway),
            "longest_s": mapping.longest_s,
            "at_least_s": at_least_s,
            "less_than_s": less_than_s,
            "reason": mapping.reason,
            "trials": [
                {
                    "idle_s": trial.idle_s,
                    "kept": trial.is_kept.value,
                    "packets": list(trial.packets),
                }
                for trial in mapping.trials
            ],
        }
    }


def _run(run: Run) -> JsonValue:
    return {
        "id": run.id,
        "command": run.command,
        "started": run.started,
        "duration_s": run.duration_s,
        "interrupted": run.is_interrupted,
        "settings": _settings(run.settings),
    }


def _settings(settings: tuple[tuple[str, str], ...]) -> dict[str, JsonValue]:
    """The options by name; the values of one that was given several times stand side by side."""
    names = dict.fromkeys(name for name, _ in settings)
    return {
        name: " ".join(value for other, value in settings if other == name) for name in names
    }


def _node(node: Node) -> JsonValue:
    return {
        "hostname": node.hostname,
        "kernel": node.kernel,
        "addresses": [str(address) for address in node.addresses],
        "facts": [
            {"name": fact.name, "value": fact.value, "source": fact.source} for fact in node.facts
        ],
    }


def _check(check: CheckReport) -> JsonValue:
    return {
        "id": check.id,
        "endpoint": check.endpoint,
        "purpose": check.purpose,
        "direction": check.direction.value,
        "required": check.is_required,
        "flow": _flow(check),
        "status": check.status.value,
        "latency_s": check.latency_s,
        "note": check.note,
        "verdict": _verdict(check),
        "findings": [_finding(finding) for finding in check.findings],
    }


def _flow(check: CheckReport) -> JsonValue:
    if check.direction is Direction.ON_HOST:
        return None
    return {
        "protocol": check.protocol.value,
        "host": check.host,
        "address": None if check.flow is None else str(check.flow.destination),
        "port": check.port,
        "source": None if check.flow is None else str(check.flow.source),
    }


def _verdict(check: CheckReport) -> JsonValue:
    if check.verdict is None or check.status is Status.OK:
        return None
    return {
        **_conclusion(check.verdict),
        "because": list(check.verdict.because),
    }


def _root_cause(cause: RootCause) -> JsonValue:
    return {
        **_conclusion(cause),
        "explains": list(cause.explains),
    }


def _conclusion(conclusion: Verdict | RootCause) -> dict[str, JsonValue]:
    culprit = conclusion.culprit
    return {
        "where": [place.value for place in Place if place in conclusion.where],
        "certainty": conclusion.certainty.value,
        "after": to_json(conclusion.after),
        "upto": to_json(conclusion.upto),
        "mechanism": to_json(conclusion.mechanism),
        "culprit": None if culprit is None else culprit_json(culprit),
        "summary": conclusion.summary,
        "remedy": conclusion.remedy,
    }


def _finding(finding: Finding) -> JsonValue:
    return {
        "id": finding.id,
        "rule": finding.rule,
        "strength": finding.strength.value,
        "text": finding.text,
        "packets": list(finding.packets),
    }
