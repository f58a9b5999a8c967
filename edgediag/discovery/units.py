"""The agents that systemd starts on the node, running or not."""

from collections.abc import Iterator

from edgediag.discovery.arguments import facts_of_arguments
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, read_source
from edgediag.discovery.unit import Unit, environment_of
from edgediag.model.answer import NotChecked
from edgediag.model.statement import Gap, Statement

DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""Strongest first, as systemd.unit(5) has it."""

UNITS = (
    "edge-hub.service",
    "yurthub.service",
    "kubelet.service",
    "kube-proxy.service",
    "edge-tunnel-agent.service",
)
MAX_FILES = 32


def said_by_units(reader: Reader) -> Iterator[Said]:
    """What the command lines of the agents' units state.

    source  openyurt pkg/yurtadm/constants/constants.go (yurthub.service, 10-yurthub.conf,
            yurthub.default, 10-kubeadm.conf); the Alibaba release notes of edge-hub v0.12.0
    """
    for name in UNITS:
        yield from _said_by_unit(reader, name)


def _said_by_unit(reader: Reader, name: str) -> Iterator[Said]:
    unit, written_s, last = Unit(), None, ""
    for path in _files(reader, name):
        file = read_source(reader, path)
        if isinstance(file, Gap):
            yield file
            continue
        before = unit.command
        unit.read(file.text)
        if unit.command and unit.command != before:
            # The file that gives the command is the one to look at.
            written_s, last = file.written_s, path
    variables: dict[str, str] = {}
    for path in unit.environment_files[:MAX_FILES]:
        file = read_source(reader, path)
        if isinstance(file, Gap):
            yield file
            continue
        variables.update(environment_of(file.text))
    for fact, value, flag in facts_of_arguments(unit.words(variables)):
        where = f"ExecStart {flag}"
        yield Statement(
            name=fact, node="", value=value, path=last, where=where, written_s=written_s
        )


def _files(reader: Reader, name: str) -> Iterator[str]:
    """The unit's own file, of the strongest directory that has one, then its drop-ins by name."""
    found = (f"{directory}/{name}" for directory in DIRECTORIES)
    own = next((path for path in found if reader.modified_s(path) is not None), None)
    if own is not None:
        yield own
    drop_ins: dict[str, str] = {}
    for directory in DIRECTORIES:
        names = reader.list_dir(f"{directory}/{name}.d")
        if isinstance(names, NotChecked):
            continue
        for file in names[:MAX_FILES]:
            if file.endswith(".conf"):
                drop_ins.setdefault(file, f"{directory}/{name}.d/{file}")
    yield from (drop_ins[file] for file in sorted(drop_ins))
