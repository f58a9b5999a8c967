"""Put a daemon in the stead of embedded services, or say that they go on serving."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from edgediag.errors import CannotRunError
from edgediag.lab import namespace, processes, state
from edgediag.lab.daemons.catalog import DAEMONS
from edgediag.lab.daemons.daemon import Daemon, Order, Site
from edgediag.lab.daemons.place import find, folders
from edgediag.lab.processes import Started
from edgediag.lab.services import control
from edgediag.lab.services.catalog import Mode

READY_S = 10.0
ORDER_S = 10.0
POLL_S = 0.01
VERSION = re.compile(r"\d+(?:\.\d+)+")

# Local port in proc_net_tcp(5) and its like for UDP: hexadecimal, in the second column. The
# fourth is the state, for a socket that waits for peers this one (<net/tcp_states.h>).
WAITING: Mapping[str, str] = MappingProxyType({"tcp": "0A", "udp": "07"})


def start(prefix: str, node: str, program: str, variant: str) -> None:
    """The daemon serves and has its orders, or the embedded services go on.

    raises  CannotRunError with the end of its log if it does not get ready
    """
    daemon = DAEMONS[program]
    if find(daemon, folders(os.environ)) is None:
        _note(prefix, daemon, node, f"embedded ({program} is not there)")
        return
    downs = {service: Mode.DOWN.value for service in daemon.services[node]}
    if downs:
        control.ask(state.control_socket(prefix, node), downs)
    site = _prepare(prefix, daemon, node, variant)
    words = _words(prefix, node, program)
    started = processes.start_program(prefix, node, (*words, *daemon.command(site)), program)
    _await_ready(prefix, daemon, site, started)
    for order in daemon.orders(site):
        _give(words, order)
    companion = daemon.companion(site)
    if companion:
        beside = processes.start_program(prefix, node, (*words, *companion), f"{program}-beside")
        os.close(beside.said)
    found = VERSION.search(_said(words, daemon.version(site)))
    _note(prefix, daemon, node, f"{program} {found[0] if found else '(unknown version)'}")


def _prepare(prefix: str, daemon: Daemon, node: str, variant: str) -> Site:
    """The daemon's folder with its files."""
    folder = state.folder(prefix) / "daemons" / node / daemon.program
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(node=node, variant=variant, folder=folder, certificate=state.certificate())
    for name, text in daemon.texts(site).items():
        (folder / name).write_text(text)
    return site


def _words(prefix: str, node: str, program: str) -> tuple[str, ...]:
    return sys.executable, "-m", "edgediag.lab.daemons.launch", prefix, node, program


def _await_ready(prefix: str, daemon: Daemon, site: Site, started: Started) -> None:
    """It holds its port and, where it takes orders, its control socket."""
    # Nothing is said on this pipe: what becomes the daemon writes to the log alone.
    os.close(started.said)
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s and not processes.has_ended(started):
        has_control = not daemon.control or (site.folder / daemon.control).exists()
        if has_control and _is_held(f"{prefix}-{site.node}", daemon):
            return
        time.sleep(POLL_S)
    complaint = started.log.read_text(errors="replace").strip()[-500:] or "it says nothing"
    raise CannotRunError(f"cannot serve {daemon.program} on node {site.node}: {complaint}")


def _is_held(name: str, daemon: Daemon) -> bool:
    """Somebody in the namespace holds the daemon's port, if it opens one by itself."""
    if not daemon.port:
        return True
    with namespace.entered(name):
        table = Path(f"/proc/thread-self/net/{daemon.transport}").read_text()
    rows = (line.split() for line in table.splitlines()[1:])
    return any(
        row[1].endswith(f":{daemon.port:04X}") and row[3] == WAITING[daemon.transport]
        for row in rows
    )


def _give(words: Sequence[str], order: Order) -> None:
    ended = _run(words, order.argv)
    if ended.returncode and not order.may_fail:
        said = " ".join((ended.stdout + ended.stderr).split())[-500:]
        raise CannotRunError(f"cannot run {' '.join(order.argv)}: {said}")


def _said(words: Sequence[str], argv: Sequence[str]) -> str:
    ended = _run(words, argv)
    return ended.stdout + ended.stderr


def _run(words: Sequence[str], argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    command = (*words, *argv)
    try:
        return subprocess.run(
            command, input="go\n", capture_output=True, text=True, timeout=ORDER_S
        )
    except subprocess.TimeoutExpired as exc:
        raise CannotRunError(f"cannot run {argv[0]}: no end after {ORDER_S} s") from exc


def _note(prefix: str, daemon: Daemon, node: str, server: str) -> None:
    place = "" if node == "cloud" else f" on {node}"
    known = state.load(prefix)
    servers = (*known.servers, f"{daemon.protocol}{place}: {server}")
    state.save(prefix, replace(known, servers=servers))
