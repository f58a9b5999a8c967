"""The recorded node trees, and what is discovered of each in the form that is kept beside it."""

import json
from pathlib import Path
from typing import Any

from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.matrix import build_matrix
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ClusterFacts
from edgediag.model.statement import Statement
from edgediag.net.files import NodeFiles

TREES = Path(__file__).parents[1] / "captures" / "nodes"
NAMES = sorted(path.name for path in TREES.iterdir())
NOTHING_STATED = Given(stated=(), root="/", saved=())


class StillFiles:
    """A tree whose files have no age: a clone of the repository gives each the time of cloning."""

    def __init__(self, name: str) -> None:
        self._files = NodeFiles(root=str(TREES / name / "root"))

    def read_text(self, path: str) -> str | NotChecked:
        return self._files.read_text(path)

    def list_dir(self, path: str) -> tuple[str, ...] | NotChecked:
        return self._files.list_dir(path)

    def modified_s(self, path: str) -> float | NotChecked | None:
        modified_s = self._files.modified_s(path)
        return 0.0 if isinstance(modified_s, float) else modified_s


def facts_of(name: str) -> ClusterFacts:
    """What is discovered of a tree where nothing is stated."""
    return discover(StillFiles(name), NOTHING_STATED)


def recorded_form(facts: ClusterFacts) -> dict[str, Any]:
    """All that is discovered with its sources, and what the matrix makes of it."""
    matrix = build_matrix(facts)
    return {
        "facts": [_line(item) for item in facts.statements],
        "conflicts": [
            {"kept": _line(item.kept), "other": _line(item.other)} for item in facts.conflicts
        ],
        "notes": list(facts.warnings),
        "checked": [target.check for target in matrix.targets],
        "omitted": {row.check: row.because.reason for row in matrix.omitted},
        "not_applicable": list(matrix.not_applicable),
    }


def _line(item: Statement) -> str:
    return f"{item.name} {item.node}".rstrip() + f" = {item.value} <- {item.source}"


def expected_path(name: str) -> Path:
    """Where the expected facts of a tree are kept."""
    return TREES / name / "facts.json"


if __name__ == "__main__":
    for tree in NAMES:
        text = json.dumps(recorded_form(facts_of(tree)), indent=1, ensure_ascii=False)
        expected_path(tree).write_text(f"{text}\n")
