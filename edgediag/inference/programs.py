"""BPF programs that the evidence of a flow speaks of."""

from collections.abc import Iterable
from typing import TypeVar

from edgediag.host.program_word import number_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState

P = TypeVar("P", CgroupProgramObject, TcFilterObject, XdpProgramObject)


def dropping(evidence: FlowEvidence, type_: type[P]) -> tuple[P, ...]:
    """The programs of a kind that drop a copy of the flow's packet or of its answer."""
    return _saying(evidence, type_, is_dropped=True)


def passing(evidence: FlowEvidence, type_: type[P]) -> tuple[P, ...]:
    """The programs of a kind that let it pass."""
    return _saying(evidence, type_, is_dropped=False)


def _saying(evidence: FlowEvidence, type_: type[P], *, is_dropped: bool) -> tuple[P, ...]:
    if isinstance(evidence.program_verdicts, NotChecked):
        return ()
    said = (item.program for item in evidence.program_verdicts if item.is_dropped is is_dropped)
    return tuple(program for program in said if isinstance(program, type_))


def on_groups(host: HostState, attach: str) -> tuple[CgroupProgramObject, ...] | NotChecked:
    """The programs of one kind on this process's control groups."""
    if isinstance(host.cgroup_programs, NotChecked):
        return host.cgroup_programs
    return tuple(item for item in host.cgroup_programs if item.attach == attach)


def sole(programs: Iterable[P]) -> P | None:
    """The only one of some programs, None where there are several: none is accused alone."""
    found = tuple(programs)
    return found[0] if len(found) == 1 else None


def in_words(programs: Iterable[CgroupProgramObject | TcFilterObject | XdpProgramObject]) -> str:
    """Programs by id and name, in their order: "31 (guard), 40"."""
    return ", ".join(map(_in_words, programs))


def _in_words(program: CgroupProgramObject | TcFilterObject | XdpProgramObject) -> str:
    number = number_of(program)
    return f"{number} ({program.name})" if program.name else str(number)
