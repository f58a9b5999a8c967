"""The agents that run on the node, by their command lines in /proc."""

from collections.abc import Iterator

from edgediag.discovery.arguments import AGENTS, facts_of_arguments
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, written_s
from edgediag.model.answer import NotChecked
from edgediag.model.statement import Gap, Statement

PROC = "/proc"


def said_by_processes(reader: Reader) -> Iterator[Said]:
    """What the command lines of running agents state, by ascending process id.

    The environment of a process is not read: Raven's holds the key of the tunnel.

    source  proc_pid_cmdline(5): the words, each ended by a NUL
    """
    if reader.modified_s(PROC) is None:
        yield Gap(reason=PROC, is_missing=True)
        return
    names = reader.list_dir(PROC)
    if isinstance(names, NotChecked):
        yield Gap(reason=f"running agents are not known: {names.reason}", is_missing=False)
        return
    for pid in sorted((name for name in names if name.isascii() and name.isdigit()), key=int):
        path = f"{PROC}/{pid}/cmdline"
        text = reader.read_text(path)
        # A process may end between the listing and the reading: no text, and no note.
        words = text.split("\0") if isinstance(text, str) else [""]
        if words[0].rpartition("/")[2] not in AGENTS:
            continue
        started_s = written_s(reader, path)
        for name, value, flag in facts_of_arguments(words):
            yield Statement(
                name=name, node="", value=value, path=path, where=flag, written_s=started_s
            )
