"""Programs go into the kernel and out of it with their descriptor."""

import errno
import os

import pytest

from edgediag.host.bpf_code import EXIT, instruction, returning
from edgediag.net import bpf

PASS = 2
XDP = 6


def test_instructions_are_eight_octets_each() -> None:
    assert returning(PASS) == bytes.fromhex("b700000002000000 9500000000000000")


@pytest.mark.netns
@pytest.mark.usefixtures("needs_root")
def test_a_sound_program_gets_a_descriptor() -> None:
    program = bpf.Program(type_=XDP, instructions=returning(PASS), name=b"edgediag_test_with_more")
    descriptor = bpf.load(program)
    os.close(descriptor)
    assert descriptor > 2


@pytest.mark.netns
@pytest.mark.usefixtures("needs_root")
def test_a_program_that_returns_nothing_is_refused() -> None:
    program = bpf.Program(type_=XDP, instructions=instruction(EXIT), name=b"edgediag_test")
    with pytest.raises(OSError) as refused:
        bpf.load(program)
    assert refused.value.errno == errno.EACCES
