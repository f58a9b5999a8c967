"""A BPF program run by the kernel on a copy of a packet (BPF_PROG_TEST_RUN, Linux 4.12).

Nothing is sent or received by it; what the program itself counts or remembers, it counts and
remembers, as with any packet.
"""

import ctypes
import errno
import socket
import struct
from dataclasses import dataclass
from typing import Final

from edgediag.host.program_word import word_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.exchange import ProgramRun
from edgediag.model.program import ProgramWord
from edgediag.net import bpf
from edgediag.net.bpf_programs import opened
from edgediag.net.degraded import degraded
from edgediag.wire.headers import frame

# Linux, include/uapi/linux/bpf.h
_PROG_TEST_RUN: Final = 10

# union bpf_attr: program, verdict, octets in and out, where they are, repeats, duration, and of the
# context octets in and out and where they are; the rest is zero.
_TEST_RUN: Final = struct.Struct("=IIIIQQIIIIQQ16x")
_VERDICT: Final = struct.Struct("=4xI4xI")
# struct __sk_buff: the mark, the device's index twice. struct xdp_md: where the packet begins and
# ends, the device's index.
_SKB: Final = struct.Struct("=8xI24xII148x")
_XDP: Final = struct.Struct("=IIIIII")
# A program may make a packet longer.
_ROOM: Final = 512
# What a kernel says that takes no context, as before Linux 5.2 and, of XDP, 5.15.
_NO_CONTEXT: Final = frozenset({errno.E2BIG, errno.EINVAL})
_LOOPBACK: Final = 1
_PASSED: Final = frozenset({ProgramWord.PASSES, ProgramWord.LEAVES})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """What the program returned, and what it left of the packet and of its context."""

    value: int
    octets: bytes
    context: bytes


def run_program(run: ProgramRun) -> ProgramWord | NotChecked:
    """What the program does with the copy, or why the kernel does not run it."""
    return degraded("what a BPF program says", lambda: _said(run))


def _said(run: ProgramRun) -> ProgramWord:
    octets = frame(run.packet, run.hop)
    context = _context(run, len(octets))
    try:
        ended = _run(run.number, octets, context)
    except OSError as exc:
        if exc.errno not in _NO_CONTEXT:
            raise
        ended = _run(run.number, octets, b"")
    # What is not signed in struct bpf_attr is in what programs return.
    value = ended.value - (1 << 32) if ended.value >> 31 else ended.value
    word = word_of(run.program, value)
    # A program of a control group can only look on, and is shown no link-layer header.
    if word in _PASSED and not isinstance(run.program, CgroupProgramObject):
        if ended.octets != octets or _mark(run, ended.context) != run.mark:
            return ProgramWord.REWRITES
    return word


def _context(run: ProgramRun, octets: int) -> bytes:
    """How the packet comes to the program: by which device, and with which mark."""
    try:
        index = socket.if_nametoindex(run.hop.interface)
    except OSError:
        index = _LOOPBACK
    if isinstance(run.program, XdpProgramObject):
        return _XDP.pack(0, octets, 0, index, 0, 0)
    came_by = 0 if _is_leaving(run.program) else index
    return _SKB.pack(run.mark, came_by, index)


def _is_leaving(program: CgroupProgramObject | TcFilterObject) -> bool:
    if isinstance(program, CgroupProgramObject):
        return program.attach == "egress"
    return program.direction == "egress"


def _mark(run: ProgramRun, context: bytes) -> int:
    if isinstance(run.program, XdpProgramObject) or len(context) < _SKB.size:
        return run.mark
    mark: int = _SKB.unpack_from(context)[0]
    return mark


def _run(program: int, octets: bytes, context: bytes) -> _Ended:
    data = ctypes.create_string_buffer(octets, len(octets))
    out = ctypes.create_string_buffer(len(octets) + _ROOM)
    shown = ctypes.create_string_buffer(context, max(len(context), 1))
    left = ctypes.create_string_buffer(max(len(context), 1))
    where = ctypes.addressof(data), ctypes.addressof(out)
    contexts = (ctypes.addressof(shown), ctypes.addressof(left)) if context else (0, 0)
    sizes = len(context), len(context)
    with opened(program) as descriptor:
        packed = _TEST_RUN.pack(
            descriptor, 0, len(octets), len(out), *where, 1, 0, *sizes, *contexts
        )
        attributes = ctypes.create_string_buffer(packed, len(packed))
        bpf.command(_PROG_TEST_RUN, attributes)
    value, length = _VERDICT.unpack_from(attributes.raw)
    return _Ended(value=value, octets=out.raw[:length], context=left.raw[: len(context)])
