"""The agents that systemd starts on the node, running or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgediag.discovery.arguments import facts_of_arguments
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, read_source
from edgediag.discovery.unit import Unit, environment_of
from edgediag.model.answer import NotChecked
from edgediag.model.statement import Gap

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadUnit:
    """A unit with all its files.

    commanded    the file that gives its command, None where none does
    environment  its variables, each with its value and the file that sets it
    from_files   those of its environment files alone
    is_there     it has a file at all
    """

    unit: Unit
    commanded: SourceFile | None
    environment: Mapping[str, tuple[str, str]]
    from_files: Mapping[str, str]
    gaps: tuple[Gap, ...]
    is_there: bool


def read_unit(reader: Reader, name: str) -> ReadUnit:
    """What the files of a unit say, its environment files among them."""
    unit, commanded, gaps = Unit(), None, []
    environment: dict[str, tuple[str, str]] = {}
    paths = tuple(_files(reader, name))
    for path in paths:
        file = read_source(reader, path)
        if isinstance(file, Gap):
            gaps.append(file)
            continue
        command, variables = unit.command, dict(unit.environment)
        unit.read(file.text)
        if unit.command and unit.command != command:
            # The file that gives the command is the one to look at.
            commanded = file
        changed = unit.environment.items() - variables.items()
        kept = {key: at for key, at in environment.items() if key in unit.environment}
        environment = {**kept, **{key: (value, path) for key, value in changed}}
    from_files: dict[str, str] = {}
    for path in unit.environment_files[:MAX_FILES]:
        file = read_source(reader, path)
        if isinstance(file, Gap):
            gaps.append(file)
            continue
        from_files.update(environment_of(file.text))
        # A file wins over Environment= (systemd.exec(5) "EnvironmentFile").
        environment |= {key: (value, path) for key, value in environment_of(file.text).items()}
    return ReadUnit(
        unit=unit,
        commanded=commanded,
        environment=environment,
        from_files=from_files,
        gaps=tuple(gaps),
        is_there=bool(paths),
    )


def _said_by_unit(reader: Reader, name: str) -> Iterator[Said]:
    read = read_unit(reader, name)
    yield from read.gaps
    if read.commanded is None:
        return
    for fact, value, flag in facts_of_arguments(read.unit.words(read.from_files)):
        yield read.commanded.states(fact, value, f"ExecStart {flag}")


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
