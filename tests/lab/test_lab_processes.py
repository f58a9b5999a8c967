"""Only the lab's own processes are ended."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgediag.lab import processes
from edgediag.lab.state import Process


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def record(pid: int) -> Process:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return Process(node="cloud", pid=pid, start_time=int(fields[19]), boot_id=boot_id)


def test_a_recorded_process_is_ended(stranger: "subprocess.Popen[bytes]") -> None:
    own = record(stranger.pid)
    processes.end([own])
    assert not processes.is_running(own)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"start_time": 1}, id="that started at another time"),
        pytest.param({"boot_id": "another"}, id="of another boot"),
    ],
)
def test_a_process_with_the_same_number_is_spared(
    stranger: "subprocess.Popen[bytes]", change: dict[str, int]
) -> None:
    processes.end([replace(record(stranger.pid), **change)])
    assert stranger.poll() is None


def test_a_process_that_is_gone_is_nothing_to_end(stranger: "subprocess.Popen[bytes]") -> None:
    own = record(stranger.pid)
    stranger.kill()
    stranger.wait()
    processes.end([own])
    assert not processes.is_running(own)
