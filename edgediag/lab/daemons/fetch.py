"""`python -m edgediag.lab.daemons.fetch [DIR]`: unpack the daemons' Debian packages below DIR.

Nothing is installed: no maintainer script runs, nothing is configured or started, and nothing
outside DIR changes but apt's own lists. Each daemon gets a root of its own, for strongSwan and
libreswan share paths. What cannot be fetched is said; the tests that need it are then skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgediag.errors import CannotRunError
from edgediag.lab.daemons.catalog import DAEMONS
from edgediag.lab.daemons.daemon import Daemon
from edgediag.lab.daemons.packages import DEPENDS_COMMAND, missing, parse_depends
from edgediag.lab.daemons.place import find, folders

TIMEOUT_S = 300.0
TOOLS = ("apt-get", "apt-cache", "dpkg", "dpkg-query")


def main(directory: str = "") -> None:
    """Say what is fetched, or why nothing can be; succeed in both cases."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        print(f"no daemons fetched: there is no {absent[0]} here; the embedded services serve")
        return
    try:
        folder = Path(directory) if directory else _writable(folders(os.environ))
        fetch_all(folder.absolute())
    except CannotRunError as exc:
        print(f"{exc}; the embedded services serve instead")


def fetch_all(folder: Path) -> None:
    """Every daemon that the machine lacks is unpacked below the folder."""
    wanted = [daemon for daemon in DAEMONS.values() if find(daemon, (folder,)) is None]
    if not wanted:
        return
    if any(not _depends(daemon) for daemon in wanted) and os.geteuid() == 0:
        _run(("apt-get", "update", "-qq"), Path("/"))
    for daemon in wanted:
        try:
            _fetch(daemon, folder)
        except CannotRunError as exc:
            print(f"{exc}; the embedded {daemon.protocol} service serves instead of it")


def _writable(candidates: Sequence[Path]) -> Path:
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise CannotRunError(f"cannot fetch daemons: {candidates[-1]} is not writable")


def _fetch(daemon: Daemon, folder: Path) -> None:
    """The daemon's root appears as a whole or not at all."""
    packages = missing(daemon.packages, parse_depends(_depends(daemon)), _installed())
    if not packages:
        raise CannotRunError(f"cannot fetch {daemon.program}: apt-cache knows no such package")
    print(f"fetching {daemon.program} into {folder}, not installing: {' '.join(packages)}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as workplace:
        archives = Path(workplace) / "archives"
        root = Path(workplace) / "root"
        archives.mkdir()
        _download(packages, archives)
        for archive in sorted(archives.glob("*.deb")):
            _run(("dpkg", "-x", str(archive), str(root)), archives)
        # Read by daemons that drop their privileges; TemporaryDirectory makes what it makes 0700.
        root.chmod(0o755)
        shutil.rmtree(folder / daemon.program, ignore_errors=True)
        os.replace(root, folder / daemon.program)


def _download(packages: Sequence[str], archives: Path) -> None:
    """The archives are there; lists that are out of date are brought up to date once."""
    command = ("apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *packages)
    try:
        _run(command, archives)
    except CannotRunError:
        if os.geteuid() != 0:
            raise
        _run(("apt-get", "update", "-qq"), archives)
        _run(command, archives)


def _depends(daemon: Daemon) -> str:
    """What apt-cache says of the daemon's packages; "" where it does not know one of them."""
    try:
        return _run((*DEPENDS_COMMAND, *daemon.packages), Path("/"))
    except CannotRunError:
        return ""


def _installed() -> frozenset[str]:
    listed = _run(("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"), Path("/"))
    lines = (line.split() for line in listed.splitlines())
    return frozenset(line[-1] for line in lines if line and line[0] == "ii")


def _run(command: Sequence[str], folder: Path) -> str:
    environment = dict(os.environ) | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ended = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired as exc:
        message = f"cannot fetch daemons: {command[0]} has not ended after {TIMEOUT_S} s"
        raise CannotRunError(message) from exc
    if ended.returncode:
        said = " ".join(ended.stderr.split())[-300:]
        raise CannotRunError(f"cannot fetch daemons: {' '.join(command[:2])} says {said}")
    return ended.stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
