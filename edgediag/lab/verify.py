"""The lab verifies itself: plain tools show each fault, and show nothing of it on a healthy lab."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgediag.errors import EdgediagError
from edgediag.lab.daemons.place import absent
from edgediag.lab.files import SEARCH_PATH
from edgediag.lab.injection import lacking
from edgediag.lab.network import Lab
from edgediag.lab.proof import LIMIT_S, Finding, Observation, judge, skip
from edgediag.lab.scenario import Proof, Scenario

# What a tool prints beyond this is read and forgotten.
KEPT_OCTETS = 65536
MOMENT_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of one scenario.

    findings    of its proofs, in their order; empty if the lab could not be broken
    problem     why it could not, or ""
    is_skipped  the machine lacks what the scenario needs
    duration_s  of everything, the lab included
    """

    scenario: Scenario
    findings: tuple[Finding, ...]
    problem: str
    is_skipped: bool
    duration_s: float


def verify_scenario(lab: Lab, scenario: Scenario) -> Verification:
    """Bring the lab up, run the proofs, break it, run them again, take it down."""
    started_s = time.monotonic()
    missing = lacking(scenario.requires, scenario.inject)
    problem = ", ".join(missing)
    findings: tuple[Finding, ...] = ()
    if not missing:
        try:
            findings = _findings(lab, scenario)
        except EdgediagError as exc:
            problem = str(exc)
        finally:
            lab.down()
    return Verification(
        scenario=scenario,
        findings=findings,
        problem=problem,
        is_skipped=bool(missing),
        duration_s=time.monotonic() - started_s,
    )


def asks_healthy(scenario: Scenario, proof: Proof) -> bool:
    """Whether the healthy lab has a say in the proof.

    It has in each proof of a fault: one that holds without the fault shows nothing. Where nothing
    is wrong a proof says that all works, or shows an oddity that does no harm; the lab as built may
    do both, so it is asked only for what is marked as a control.
    """
    return proof.is_control or scenario.family != "healthy"


def command_of(lab: Lab, proof: Proof) -> tuple[str, ...]:
    """The command line that runs a proof's tool on its node."""
    program = proof.argv[0]
    if _find(program) is not None:
        return tuple(lab.command(proof.node, proof.argv))
    # A daemon that is unpacked and not installed: what starts it waits for the word "go".
    launch = (sys.executable, "-m", "edgediag.lab.daemons.launch", lab.prefix, proof.node, program)
    return "sh", "-c", 'echo go | "$@"', "sh", *launch, *proof.argv


def observe(command: Sequence[str], limit_s: float) -> Observation:
    """What a command does, at most KEPT_OCTETS of what it prints; it ends after limit_s at last."""
    deadline_s = time.monotonic() + limit_s
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"LC_ALL": "C"},
        # A process group of its own, so that what it starts ends with it.
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        octets = _read(process.stdout.fileno(), deadline_s)
        has_ended = _has_ended(process.pid, deadline_s)
        # It is not reaped yet, so the number of the group is still its own.
        os.killpg(process.pid, signal.SIGKILL)
    status = process.returncode if has_ended else None
    return Observation(status=status, output=octets.decode(errors="replace"))


def _findings(lab: Lab, scenario: Scenario) -> tuple[Finding, ...]:
    runnable = [proof for proof in scenario.proofs if _missing(proof) is None]
    lab.up()
    if scenario.is_dual_stack:
        lab.widen()
    healthy = _run(lab, (proof for proof in runnable if asks_healthy(scenario, proof)))
    lab.inject(scenario)
    broken = _run(lab, runnable)
    return tuple(
        judge(proof, healthy.get(proof), broken[proof])
        if proof in broken
        else skip(proof, _missing(proof) or "")
        for proof in scenario.proofs
    )


def _run(lab: Lab, proofs: Iterable[Proof]) -> dict[Proof, Observation]:
    """One after another, so that none disturbs another's packets."""
    return {proof: observe(command_of(lab, proof), LIMIT_S) for proof in proofs}


def _read(descriptor: int, deadline_s: float) -> bytes:
    """The beginning of what comes until its end or the deadline."""
    kept = bytearray()
    while _is_readable(descriptor, deadline_s):
        octets = os.read(descriptor, KEPT_OCTETS)
        if not octets:
            break
        kept += octets[: KEPT_OCTETS - len(kept)]
    return bytes(kept)


def _has_ended(pid: int, deadline_s: float) -> bool:
    """Whether a process of our own ends before the deadline."""
    descriptor = os.pidfd_open(pid)
    try:
        # A pidfd is readable once its process has ended (pidfd_open(2)); a moment, if no more.
        return _is_readable(descriptor, max(deadline_s, time.monotonic() + MOMENT_S))
    finally:
        os.close(descriptor)


def _is_readable(descriptor: int, deadline_s: float) -> bool:
    left_s = deadline_s - time.monotonic()
    return left_s > 0 and bool(select.select([descriptor], [], [], left_s)[0])


def _missing(proof: Proof) -> str | None:
    """The first program that the proof needs and the machine lacks."""
    return next(iter(absent([name for name in proof.programs if _find(name) is None])), None)


def _find(program: str) -> str | None:
    """Where `enter` finds the program; not on the edge node, whose stand-ins do nothing."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SEARCH_PATH}")
