"""How long `explain` takes and what memory it needs beside the tools that print the same tables.

Run as root by `make bench`. Each subject is loaded into a network namespace of its own, and the two
commands run there in turn, each as a whole process; the medians stand side by side. Absolute times
are this machine's: what counts is their ratio, and how it grows from few rules to many.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from edgediag.lab.kube_proxy import RULES_OF_A_SERVICE, restore_text
from edgediag.net.namespaces import CLONE_NEWNET, unshare

RUNS: Final = int(os.environ.get("EDGEDIAG_BENCH_RUNS", "7"))
FEW, MANY = 5_000, 50_000
ROUTES: Final = (10_000, 100_000)
_EXPLAIN: Final = (sys.executable, "-m", "edgediag", "explain", "--from", "192.0.2.1")
_TUNNEL: Final = ("--to", "198.51.100.2", "--proto", "udp", "--dport", "4500")
_SERVICE: Final = ("--to", "10.96.0.10", "--proto", "tcp", "--dport", "80")
_NULL: Final = subprocess.DEVNULL
_NO_CACHE: Final = "PYTHONDONTWRITEBYTECODE"
_WIRE: Final = (
    "link add up0 type veth peer name down0",
    "address add 192.0.2.1/24 dev up0",
    "link set up0 up",
    "link set down0 up",
    "link set lo up",
    "route add default via 192.0.2.2",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something to be read, and a tool that prints it.

    sizes  how many rules or routes there are, few and many
    load   the tool that takes them in, and what it reads
    """

    name: str
    sizes: tuple[int, int]
    load: tuple[str, ...]
    question: tuple[str, ...]
    other: tuple[str, ...]


def _subjects() -> Iterator[Subject]:
    for load, others in (
        ("iptables-legacy-restore", (("iptables-legacy-save",),)),
        ("iptables-nft-restore", (("iptables-nft-save",), ("nft", "list", "ruleset"))),
    ):
        for other in others:
            for said, question in (("tunnel", _TUNNEL), ("Service", _SERVICE)):
                name = f"{said}, {load.removesuffix('-restore')}"
                yield Subject(
                    name=name, sizes=(FEW, MANY), load=(load,), question=question, other=other
                )
    yield Subject(
        name="tunnel, routes",
        sizes=ROUTES,
        load=("ip", "-batch", "-"),
        question=_TUNNEL,
        other=("ip", "route", "show", "table", "all"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A whole process, from its start to its end."""

    wall_s: float
    peak_mib: float


def _run(command: Sequence[str]) -> Run:
    began_s = time.monotonic()
    process = subprocess.Popen(command, stdout=_NULL, stderr=_NULL, env=_environment())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return Run(wall_s=time.monotonic() - began_s, peak_mib=usage.ru_maxrss / 1024)


def _environment() -> dict[str, str]:
    # The first run leaves what Python has compiled, as an installed package has it.
    return {name: value for name, value in os.environ.items() if name != _NO_CACHE}


def _load(subject: Subject, size: int) -> None:
    # In a process of its own: a command's peak is at least that of the process it was started by.
    child = os.fork()
    if not child:
        text = _text(subject, size)
        done = subprocess.run(subject.load, input=text, text=True, stderr=_NULL)
        os._exit(done.returncode)
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"{' '.join(subject.load)} does not take {size} entries")


def _text(subject: Subject, size: int) -> str:
    if subject.load[0] != "ip":
        return restore_text(size // RULES_OF_A_SERVICE)
    networks = (f"10.{n >> 16}.{n >> 8 & 0xFF}.{n & 0xFF}" for n in range(size))
    return "".join(f"route add {network}/32 via 192.0.2.2\n" for network in networks)


def _measured(subject: Subject, size: int) -> tuple[Run, Run]:
    """The medians of explain and of the other tool, run in turn in a new network namespace."""
    unshare(CLONE_NEWNET)
    for words in _WIRE:
        subprocess.run(["ip", *words.split()], check=True)
    _load(subject, size)
    commands = ((*_EXPLAIN, *subject.question), subject.other)
    runs = [[_run(command) for command in commands] for _ in range(RUNS + 1)][1:]
    ours, others = (
        Run(
            wall_s=median(each.wall_s for each in found),
            peak_mib=max(each.peak_mib for each in found),
        )
        for found in zip(*runs)
    )
    return ours, others


def main() -> None:
    """One line for each subject and size; the last column is how explain grew between them."""
    head = ("explain of a packet", "beside", "entries", "explain", "other", "ratio", "peak", "grew")
    form = "{:<24} {:<24} {:>8} {:>9} {:>9} {:>6} {:>9} {:>6}"
    print(form.format(*head))
    for subject in _subjects():
        before_s = 0.0
        for size in subject.sizes:
            ours, other = _measured(subject, size)
            grew = f"{ours.wall_s / before_s:.1f}x" if before_s else ""
            before_s = ours.wall_s
            words = (
                *(f"{each.wall_s:.3f} s" for each in (ours, other)),
                f"{ours.wall_s / other.wall_s:.2f}",
                f"{ours.peak_mib:.0f} MiB",
            )
            other_name = " ".join(subject.other)
            print(form.format(subject.name, other_name, size, *words, grew), flush=True)


if __name__ == "__main__":
    main()
