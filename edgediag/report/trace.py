"""The path of one flow, hop by hop, beside a control: as a table and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.evidence import Control, FlowEvidence, Relation
from edgediag.model.flow import Flow
from edgediag.model.packet import MplsLabel
from edgediag.model.path import Hop, Ladder
from edgediag.model.reply import IcmpReply
from edgediag.model.report import CheckReport, Report
from edgediag.model.verdict import Landmark, Locus
from edgediag.path import hop_at
from edgediag.report import json as json_report
from edgediag.report.escape import escaped
from edgediag.report.values import JsonValue
from edgediag.report.words import where_in_words

SCHEMA: Final = "edgediag.trace/1"

_TITLES: Final = ("HOP", "ADDRESS", "RTT", "LOSS", "ANSWER", "CONTROL", "RTT")

_AS_OTHERS: Final = "as other flows"
"""Of a hop that was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedPath:
    """The check, its walk and the walk beside it; empty where this host did not let it out."""

    check: CheckReport
    flow: Flow
    hops: tuple[Hop, ...]
    control: Control | None


def traced_path(evidence: FlowEvidence, check: CheckReport) -> TracedPath:
    """What a walked check shows, beside what goes to its own host if anything does."""
    ladder = evidence.ladder
    return TracedPath(
        check=check,
        flow=evidence.flow,
        hops=ladder.hops if isinstance(ladder, Ladder) else (),
        control=min(evidence.controls, key=_is_elsewhere, default=None),
    )


def render_table(path: TracedPath) -> str:
    """A line for each hop, and one between two of them where the flow is lost."""
    lines = [_TITLES, *_rows(path)]
    columns = [row for row in lines if len(row) == len(_TITLES)]
    widths = [max(len(row[at]) for row in columns) for at in range(len(_TITLES))]
    table = [_line(row, widths) for row in lines]
    return "\n".join([_headline(path), *table, *_conclusion(path.check)]) + "\n"


def render_json(paths: Sequence[TracedPath], report: Report) -> str:
    """The hops, and the whole report beside them.

    paths  at least one; those behind the first stand in "others"
    """
    document: dict[str, JsonValue] = {
        "schema": SCHEMA,
        **_path(paths[0]),
        "others": [_path(path) for path in paths[1:]],
        "report": json.loads(json_report.render(report)),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _is_elsewhere(control: Control) -> bool:
    return control.relation is Relation.OTHER_HOST


def _headline(path: TracedPath) -> str:
    said = f"{_named(path.flow)}, status {path.check.status.value}"
    if path.control is None:
        return f"{said}; nothing was walked beside it"
    return f"{said}; control: {_named(path.control.ladder.flow)}"


def _named(flow: Flow) -> str:
    port = f" port {flow.destination_port}" if flow.destination_port != flow.source_port else ""
    return f"{flow.protocol.value} {flow.destination}{port} from port {flow.source_port}"


def _rows(path: TracedPath) -> Iterator[tuple[str, ...]]:
    mark = _mark(path.check)
    if mark and path.check.verdict and path.check.verdict.after is Landmark.EDGE:
        yield (mark,)
        mark = ""
    for distance in range(1, _last_row(path) + 1):
        own = next((hop for hop in path.hops if hop.distance == distance), None)
        other = hop_at(path.control.ladder, distance) if path.control else None
        yield (str(distance), *_cells(own), *_beside(other))
        if mark and own is not None and _is_after(own, path.check):
            yield (mark,)
            mark = ""


def _last_row(path: TracedPath) -> int:
    # Of silence without end one line says enough.
    every = (*path.hops, *_control_hops(path))
    heard = max((hop.distance for hop in every if hop.sender is not None), default=0)
    return min(heard + 1, max((hop.distance for hop in every), default=0))


def _mark(check: CheckReport) -> str:
    verdict = check.verdict
    if verdict is None or verdict.mechanism is None:
        return ""
    return f"--- {where_in_words(verdict)}: {verdict.mechanism.value} ---"


def _is_after(hop: Hop, check: CheckReport) -> bool:
    after: Locus = check.verdict.after if check.verdict else None
    return hop.sender is not None and hop.sender == after


def _cells(hop: Hop | None) -> tuple[str, ...]:
    if hop is None:
        return "", "", "", ""
    lost = hop.tries - (hop.reply is not None)
    sender = "*" if hop.sender is None else str(hop.sender)
    if hop.sender is not None and not hop.tries:
        return sender, "", "", _AS_OTHERS
    return sender, _time(hop), f"{lost}/{hop.tries}", _answer(hop)


def _beside(hop: Hop | None) -> tuple[str, ...]:
    if hop is None:
        return "", ""
    return "*" if hop.sender is None else str(hop.sender), _time(hop)


def _time(hop: Hop) -> str:
    return "" if hop.rtt_s is None else f"{hop.rtt_s * 1000:.2f} ms"


def _answer(hop: Hop) -> str:
    return " ".join((_kind(hop), *map(_label, _labels(hop))))


def _kind(hop: Hop) -> str:
    match hop.reply:
        case None:
            return ""
        case IcmpReply(kind=kind):
            return kind.value
        case reply:
            return type(reply).__name__


def _labels(hop: Hop) -> tuple[MplsLabel, ...]:
    labels = hop.reply.labels if isinstance(hop.reply, IcmpReply) else ()
    return () if isinstance(labels, NotChecked) else labels


def _label(label: MplsLabel) -> str:
    return f"[MPLS {label.label}, TTL {label.ttl}]"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    if len(row) != len(widths):
        return row[0]
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _conclusion(check: CheckReport) -> list[str]:
    verdict = check.verdict
    if verdict is None:
        return []
    remedies = (f"remedy: {verdict.remedy}",) if verdict.remedy else ()
    return [escaped(line) for line in (verdict.summary, *remedies)]


def _control_hops(path: TracedPath) -> tuple[Hop, ...]:
    return path.control.ladder.hops if path.control else ()


def _path(path: TracedPath) -> dict[str, JsonValue]:
    return {
        "check": escaped(path.check.id),
        "flow": _flow(path.flow),
        "hops": [_hop(hop) for hop in path.hops],
        "control": None if path.control is None else _flow(path.control.ladder.flow),
        "control_hops": [_hop(hop) for hop in _control_hops(path)],
    }


def _flow(flow: Flow) -> JsonValue:
    return {
        "protocol": flow.protocol.value,
        "source": str(flow.source),
        "source_port": flow.source_port,
        "address": str(flow.destination),
        "port": flow.destination_port,
    }


def _hop(hop: Hop) -> JsonValue:
    return {
        "distance": hop.distance,
        "address": None if hop.sender is None else str(hop.sender),
        "rtt_s": hop.rtt_s,
        "tries": hop.tries,
        "answer": _kind(hop) or None,
        "labels": [
            {
                "label": label.label,
                "traffic_class": label.traffic_class,
                "bottom": label.is_bottom,
                "ttl": label.ttl,
            }
            for label in _labels(hop)
        ],
    }
