"""A trace instance of one's own, in a mount namespace where tracefs is mounted."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgediag.model.answer import NotChecked
from edgediag.net import drop_trace
from edgediag.net.drop_trace import open_drop_trace

pytestmark = [
    pytest.mark.netns,
    pytest.mark.usefixtures("needs_root"),
]

# The mount is of this child alone; instances are the kernel's, whoever looks.
PROGRAM = """
import ctypes, os, socket, sys, time
from edgediag.net.drop_trace import open_drop_trace, sweep
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x40020000) == 0
assert libc.mount(b"none", b"/", None, 0x44000, None) == 0
assert libc.mount(b"none", b"/mnt", b"tracefs", 0, None) == 0
def left():
    return sorted(name for name in os.listdir("/mnt/instances") if name.startswith("edgediag_"))
os.system("ip link set lo up")
sweep()
trace = open_drop_trace()
during = left()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"x", ("127.0.0.1", 9))
deadline_s = time.monotonic() + 5.0
while not trace.drops(None) and time.monotonic() < deadline_s:
    trace.read()
    time.sleep(0.01)
print([item for item in during if f"_{os.getpid()}_" in item] != [], flush=True)
if sys.argv[1] == "stay":
    time.sleep(60)
print(*(f"{item.reason}@{item.location}" for item in trace.drops(None)))
trace.close()
print(sum(f"_{sys.argv[2]}_" in item or f"_{os.getpid()}_" in item for item in left()))
"""


def child(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE, text=True
    )


def test_it_tells_of_drops_and_is_gone_at_the_end() -> None:
    said, _ = child("end", "0").communicate(timeout=30)
    assert said.splitlines() == ["True", "NO_SOCKET@__udp4_lib_rcv", "0"]


def test_what_a_kill_leaves_the_next_removes() -> None:
    killed = child("stay", "0")
    assert killed.stdout is not None
    begun = killed.stdout.readline()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    said, _ = child("end", str(killed.pid)).communicate(timeout=30)
    assert (begun, said.splitlines()[-1]) == ("True\n", "0")


def test_where_no_tracefs_is_mounted_none_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mounts").write_text("proc /proc proc rw 0 0\n\n")
    monkeypatch.setattr(drop_trace, "MOUNTS", tmp_path / "mounts")
    assert open_drop_trace() == NotChecked(reason="no tracefs is mounted")


def test_where_it_may_not_trace_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounts").write_text(f"none {tmp_path} tracefs rw 0 0\n")
    monkeypatch.setattr(drop_trace, "MOUNTS", tmp_path / "mounts")
    assert open_drop_trace() == NotChecked(reason=f"cannot trace in {tmp_path}: ENOENT")


# Somebody ends the run while the instance is made.
INTERRUPTED = """
import ctypes, os
from edgediag.net import drop_trace
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x40020000) == 0
assert libc.mount(b"none", b"/", None, 0x44000, None) == 0
assert libc.mount(b"none", b"/mnt", b"tracefs", 0, None) == 0
class Interrupting:
    def get_native_id():
        print(sum(f"_{os.getpid()}_" in name for name in os.listdir("/mnt/instances")))
        raise KeyboardInterrupt
drop_trace.threading = Interrupting
try:
    drop_trace.open_drop_trace()
except KeyboardInterrupt:
    print(sum(f"_{os.getpid()}_" in name for name in os.listdir("/mnt/instances")))
"""


def test_who_ends_it_while_it_begins_leaves_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=30
    )
    assert (done.stdout.split(), done.stderr) == (["1", "0"], "")
