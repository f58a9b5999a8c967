"""The lease of this node: when its API server was last reached."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from edgediag.discovery.document import text_at
from edgediag.discovery.source_file import Said, SourceFile

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?Z"
)


def said_by_lease(file: SourceFile, document: object) -> Iterator[Said]:
    """When a node's lease was renewed: the hub writes it down after each heartbeat that succeeds.

    source  openyurt pkg/yurthub/healthchecker/health_checker.go; RFC 3339
    """
    if text_at(document, "metadata", "namespace") not in ("kube-node-lease", ""):
        return
    renewed_s = parse_time(text_at(document, "spec", "renewTime"))
    if renewed_s is None:
        return
    value = f"{text_at(document, 'spec', 'renewTime')[:19]}Z"
    said = file.states("api-last-reached", value, "spec.renewTime")
    yield replace(said, node=text_at(document, "metadata", "name"), written_s=renewed_s)


def parse_time(text: str) -> float | None:
    """A moment as Kubernetes writes it, in seconds since the epoch, or None."""
    shape = _TIME.fullmatch(text)
    if shape is None:
        return None
    try:
        return datetime.fromisoformat(f"{shape[1]}+00:00").timestamp()
    except (ValueError, OverflowError):
        return None
