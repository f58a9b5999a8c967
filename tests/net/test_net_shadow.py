"""What runs a fix is confined and ends with its parent; where it cannot be, no fix is run."""

import ctypes
import errno
import os
from typing import NoReturn

import pytest

from edgediag.host.fix_words import Fix
from edgediag.model.answer import NotChecked
from edgediag.model.rehearsal import FixFailed
from edgediag.net import shadow
from edgediag.net.errand import answer_of
from edgediag.net.shadow import apply_fix, confine

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else"),
]

PR_GET_PDEATHSIG = 2
SLEEP = Fix(text="sleep 60", program="sleep", words=("60",))


def death_signal() -> int:
    """The signal that the calling process gets when its parent ends, 0 for none."""
    signal = ctypes.c_int()
    ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(signal), 0, 0, 0)
    return signal.value


def test_it_is_nobody_s_and_ends_with_its_parent() -> None:
    def work(writer: int) -> str:
        confine(os.getppid())
        # Said here: nobody may not be allowed to read what Python would load yet.
        os.write(writer, f"{os.getuid()} {death_signal()}".encode())
        return ""

    assert answer_of(work) == "65534 9"


def test_where_it_cannot_be_confined_no_fix_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> NoReturn:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), "setgroups")

    monkeypatch.setattr(shadow, "become_network_only", refused)
    assert apply_fix(SLEEP) == NotChecked(
        reason="the fix cannot be run confined: [Errno 1] Operation not permitted: 'setgroups'"
    )


def test_a_fix_that_does_not_end_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "_FIX_TIMEOUT_S", 0.2)
    failed = apply_fix(SLEEP)
    assert isinstance(failed, FixFailed)
    assert (failed.status, "timed out" in failed.said) == (126, True)
