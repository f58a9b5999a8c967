"""What is written down about a lab, so that another process, or one after a crash, can go on.

Everything lies below /run, which ends with the machine, as the namespaces do.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from edgediag.errors import UsageError
from edgediag.lab.certificates import Certificate, certificate_in

ROOT = Path("/run/edgediag-lab")
PREFIX_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of the lab; the number alone could be another's by now.

    start_time  in clock ticks after boot, field 22 of proc_pid_stat(5)
    """

    node: str
    pid: int
    start_time: int
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One lab.

    processes    that serve in it, in the order started
    scenario     what is injected, "" for nothing
    undo         steps that take the injection back, in the order to apply; see `steps`
    lasting      what was injected that no step takes back, only building the lab anew
    fingerprint  of each node when the lab was built, empty until then
    servers      which real servers were asked for and what serves, in the order asked
    """

    processes: tuple[Process, ...]
    scenario: str
    undo: tuple[Mapping[str, object], ...]
    lasting: tuple[str, ...]
    fingerprint: Mapping[str, str]
    servers: tuple[str, ...]


EMPTY = State(processes=(), scenario="", undo=(), lasting=(), fingerprint={}, servers=())


def check_prefix(prefix: str) -> str:
    """The prefix itself, if it can name namespaces and folders."""
    if not PREFIX_PATTERN.fullmatch(prefix):
        raise UsageError(f"cannot use prefix {prefix!r}: give a letter and up to 30 more or digits")
    return prefix


def folder(prefix: str) -> Path:
    """Where everything of this lab lies."""
    return ROOT / check_prefix(prefix)


def control_socket(prefix: str, node: str) -> Path:
    """Where the services of a node take their orders."""
    return folder(prefix) / f"{node}.sock"


def certificate() -> Certificate:
    """The certificate that all labs share."""
    return certificate_in(ROOT)


def load(prefix: str) -> State:
    """The state as last saved, or EMPTY if there is none."""
    try:
        return decode(_file(prefix).read_text())
    except FileNotFoundError:
        return EMPTY


def save(prefix: str, state: State) -> None:
    """The state is on file, as a whole or not at all."""
    path = _file(prefix)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(encode(state))
    os.replace(draft, path)


def encode(state: State) -> str:
    """The state as the text of its file."""
    return json.dumps(asdict(state), indent=1)


def decode(text: str) -> State:
    """The state that `encode` wrote; EMPTY for anything else, for nothing can be known from it."""
    try:
        saved = json.loads(text)
        return State(
            processes=tuple(Process(**process) for process in saved["processes"]),
            scenario=saved["scenario"],
            undo=tuple(saved["undo"]),
            lasting=tuple(saved["lasting"]),
            fingerprint=saved["fingerprint"],
            servers=tuple(saved["servers"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return EMPTY


def forget(prefix: str) -> None:
    """Nothing is on file any more."""
    shutil.rmtree(folder(prefix), ignore_errors=True)


def _file(prefix: str) -> Path:
    return folder(prefix) / "state.json"
