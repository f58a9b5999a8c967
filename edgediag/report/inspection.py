"""An inspected table for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import zip_longest
from typing import Final

from edgediag.host.xfrm_match import selector_text
from edgediag.inference.fault import Fault
from edgediag.inference.inspection import Entries, Inspection
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow
from edgediag.model.xfrm import XfrmSelector, XfrmTemplate
from edgediag.report.escape import escape_strings, escaped
from edgediag.report.values import JsonValue, to_json
from edgediag.report.words import exhibit

SCHEMA: Final = "edgediag.inspect/1"

_NOTHING: Final = "-"
_UNKNOWN: Final = "?"


def render_text(inspection: Inspection) -> str:
    """A paragraph for each part, a line for each entry; no line is folded, so grep works."""
    paragraphs = [
        [title.upper(), *_lines(entries)] for title, entries in inspection.parts
    ]
    if inspection.faults:
        paragraphs.append(["WRONG", *(line for item in inspection.faults for line in _said(item))])
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in paragraphs)


def render_json(inspection: Inspection) -> str:
    """One object; entries as evidence.json has them, `reason` says why a part was not read."""
    document = {
        "schema": SCHEMA,
        "table": inspection.table,
        "parts": [_part(title, entries) for title, entries in inspection.parts],
        "findings": [_finding(fault) for fault in inspection.faults],
    }
    return json.dumps(document, indent=2) + "\n"


def _lines(entries: Entries) -> Iterator[str]:
    if isinstance(entries, NotChecked):
        yield f"  not read: {escaped(entries.reason)}"
    elif not entries:
        yield "  none"
    else:
        rows = [_titles(entries[0]), *map(_cells, entries)]
        widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield f"  {'  '.join(cells)}".rstrip()


def _titles(entry: object) -> list[str]:
    return [name.removeprefix("is_").strip("_").replace("_", "-") for name in _names(entry)]


def _cells(entry: object) -> list[str]:
    return [escaped(_cell(getattr(entry, name))) for name in _names(entry)]


def _names(entry: object) -> list[str]:
    assert is_dataclass(entry)
    return [field.name for field in fields(entry)]


def _cell(value: object) -> str:
    match value:
        case None | "" | ():
            return _NOTHING
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value)
        case NotChecked():
            return _UNKNOWN
        case Flow():
            ends = ((value.source, value.source_port), (value.destination, value.destination_port))
            return " to ".join(f"{address} port {port}" for address, port in ends)
        case XfrmSelector():
            return selector_text(value)
        case XfrmTemplate(source=source, destination=destination):
            return f"{value.protocol} {value.mode} {source} to {destination}"
        case tuple():
            return ", ".join(map(_cell, value))
        case _:
            return str(value)


def _said(fault: Fault) -> Sequence[str]:
    culprit = fault.claim.culprit
    shown = () if culprit is None else (f"      see   {escaped(exhibit(culprit).command)}",)
    return (f"  {escaped(fault.text)}", *shown, f"      then  {escaped(fault.remedy)}")


def _part(title: str, entries: Entries) -> JsonValue:
    if isinstance(entries, NotChecked):
        return {"title": title, "entries": None, "reason": escaped(entries.reason)}
    return {"title": title, "entries": to_json(escape_strings(entries)), "reason": None}


def _finding(fault: Fault) -> JsonValue:
    mechanism = fault.claim.mechanism
    return {
        "where": [place.value for place in fault.claim.where],
        "mechanism": None if mechanism is None else mechanism.value,
        "text": escaped(fault.text),
        "remedy": escaped(fault.remedy),
    }
