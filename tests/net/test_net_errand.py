"""Work in a process of its own: what it says comes back, what it does stays there."""

import os

import pytest

from edgediag.net.errand import answer_of, say_and_exit


def inode(descriptor: int) -> int:
    try:
        return os.stat(descriptor).st_ino
    except OSError:
        return 0


def test_the_answer_comes_back_and_the_work_was_elsewhere() -> None:
    assert int(answer_of(lambda _: str(os.getpid()))) != os.getpid()


def test_a_process_of_the_child_may_answer_for_it() -> None:
    def work(writer: int) -> str:
        child = os.fork()
        if child == 0:
            say_and_exit(writer, lambda: "from within")
        os.waitpid(child, 0)
        return ""

    assert answer_of(work) == "from within"


def test_work_that_fails_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def work(_: int) -> str:
        raise LookupError("lost")

    assert answer_of(work) == ""
    assert "lost" in capfd.readouterr().err


def test_no_descriptor_stays_open() -> None:
    before = os.listdir("/proc/self/fd")
    answer_of(lambda _: "x" * 200_000)
    assert os.listdir("/proc/self/fd") == before


def test_the_child_does_not_hold_the_end_that_is_read() -> None:
    # Who held it would write on where nobody reads any more.
    def work(writer: int) -> str:
        pipe = os.stat(writer).st_ino
        return str([number for number in range(1024) if inode(number) == pipe] == [writer])

    assert answer_of(work) == "True"
