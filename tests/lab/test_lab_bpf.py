"""The BPF programs, instruction by instruction, and how they come and go with a lab."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from edgediag.errors import CannotRunError
from edgediag.lab import bpf, cgroup
from edgediag.lab.bpf import Match
from edgediag.lab.injection import lacking
from edgediag.lab.steps import ProgramStep
from edgediag.net import bpf as syscalls

API_ANSWERS = Match(protocol=6, port=6443, direction="ingress")
EVERYTHING = Match(protocol=0, port=0, direction="ingress")
TCX = ProgramStep(
    node="edge", kind="tcx", device="eth0", protocol="tcp", port=6443, direction="ingress"
)
TUNNEL_QUERIES = Match(protocol=17, port=4500, direction="egress")

XDP = """
    6112000000000000 6113040000000000 bf24000000000000 0704000026000000
    2d340c0000000000
    69250c0000000000 55050a0008000000
    71250e0000000000 5505080045000000
    6925140000000000 450506003fff0000
    7125170000000000 5505040006000000
    6925220000000000 55050200192b0000
    b700000001000000 9500000000000000
    b700000002000000 9500000000000000
"""
XDP_OF_ALL = """
    6112000000000000 6113040000000000 bf24000000000000 0704000026000000
    2d34080000000000
    69250c0000000000 5505060008000000
    71250e0000000000 5505040045000000
    6925140000000000 450502003fff0000
    b700000001000000 9500000000000000
    b700000002000000 9500000000000000
"""
CGROUP = """
    61124c0000000000 6113500000000000 bf24000000000000 0704000018000000
    2d340a0000000000
    7125000000000000 5505080045000000
    6925060000000000 450506003fff0000
    7125090000000000 5505040011000000
    6925160000000000 5505020011940000
    b700000000000000 9500000000000000
    b700000001000000 9500000000000000
"""


@pytest.mark.parametrize(
    ("kind", "match", "instructions"),
    [
        pytest.param("xdp", API_ANSWERS, XDP, id="of a frame the source port, behind Ethernet"),
        pytest.param("xdp", EVERYTHING, XDP_OF_ALL, id="of a frame no more than that it is IPv4"),
        pytest.param("cgroup", TUNNEL_QUERIES, CGROUP, id="of a packet the destination port"),
    ],
)
def test_a_program_tests_size_kind_wholeness_protocol_and_port(
    kind: str, match: Match, instructions: str
) -> None:
    assert bpf.program(kind, match) == bytes.fromhex(instructions)


def test_a_machine_whose_bpf_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "SYSCALLS", {})
    with pytest.raises(CannotRunError, match="^cannot load the xdp program: Function not impl"):
        bpf.load("xdp", b"")


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the kernel answer every command with an error."""

    def command(_command: int, _attributes: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(syscalls, "command", command)


def test_a_kernel_that_does_not_know_the_place_has_no_tcx(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, errno.EINVAL)
    assert (bpf.has_tcx(), lacking((), [TCX])) == (False, ("the kernel has no TCX (Linux 6.6)",))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(errno.EPERM, "to ask the kernel for TCX needs root", id="needs root"),
        pytest.param(
            errno.ENOSYS,
            "cannot ask the kernel for TCX: Function not implemented",
            id="no bpf(2)",
        ),
    ],
)
def test_a_kernel_that_does_not_answer_is_not_said_to_have_no_tcx(
    monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    refuse(monkeypatch, number)
    with pytest.raises(OSError, match=os.strerror(number)):
        bpf.has_tcx()
    assert lacking((), [TCX]) == (expected,)


@pytest.mark.netns
def test_what_the_kernel_finds_unsafe_is_refused(prefixes: Iterator[str]) -> None:
    without_exit = bpf.program("xdp", API_ANSWERS)[:8]
    with pytest.raises(CannotRunError, match="^cannot load the xdp program: "):
        bpf.load("xdp", without_exit)


@pytest.mark.netns
def test_a_cgroup_is_removed_though_a_command_runs_in_it(prefixes: Iterator[str]) -> None:
    if cgroup.root() is None:
        pytest.skip("no cgroup2 is mounted")
    name = f"{next(prefixes)}-edge"
    folder = cgroup.create(name)
    # The process of the tests itself would be moved to the group above all.
    script = "import sys; from edgediag.lab import cgroup; cgroup.join(sys.argv[1]); input('.\\n')"
    words = (sys.executable, "-c", script, name)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        inside = (folder / "cgroup.procs").read_text()
        cgroup.remove(name)
    assert (inside, folder.exists()) == (f"{process.pid}\n", False)
