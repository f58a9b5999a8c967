"""The command on the edge node, by copies of a process that has loaded it already.

Loading it takes half of the processor time of a diagnosis, and hundreds of stories diagnose.
Nothing else is shared: every copy is a process, with arguments, namespaces and files of its own.
"""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgediag.errors import CannotRunError
from edgediag.lab.enter import CANNOT_RUN, go_in

# What `edgediag diagnose` imports once it has its arguments.
PRELOADED = (
    "edgediag.cli.diagnose",
    "edgediag.cli.job",
    "edgediag.live",
    "edgediag.net.host_rules",
)

_copies = multiprocessing.get_context("forkserver")
_copies.set_forkserver_preload(list(PRELOADED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The exit status, and all that the command wrote."""

    status: int
    stdout: str
    stderr: str


def run_on_edge(prefix: str, words: Sequence[str], *, folder: Path, most_s: float) -> Ended:
    """What `edgediag WORDS…` did on the edge node of a lab.

    folder  where its two outputs are kept until they are read
    raises  CannotRunError if it has not ended after most_s seconds; it is ended then
    """
    outputs = (folder / "stdout", folder / "stderr")
    copy = _copies.Process(target=_run, args=(prefix, tuple(words), outputs))
    copy.start()
    copy.join(most_s)
    if copy.exitcode is None:
        copy.kill()
        copy.join()
        raise CannotRunError(f"edgediag {words[0]} has not ended after {most_s:g} s")
    stdout, stderr = (path.read_text() if path.exists() else "" for path in outputs)
    return Ended(status=copy.exitcode, stdout=stdout, stderr=stderr)


def _run(prefix: str, words: tuple[str, ...], outputs: tuple[Path, Path]) -> None:
    os.setsid()
    for stream, path in zip((sys.stdout, sys.stderr), outputs):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    try:
        go_in(prefix, "edge")
    except CannotRunError as exc:
        print(f"edgediag lab: {exc}", file=sys.stderr)
        sys.exit(CANNOT_RUN)
    sys.argv = ["edgediag", *words]
    runpy.run_module("edgediag", run_name="__main__", alter_sys=True)
