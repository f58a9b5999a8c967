"""A BPF program run by the kernel on a copy of a packet (BPF_PROG_TEST_RUN, Linux 4.12).

Nothing is sent or received by it; what the program itself counts or remembers, it counts and
remembers, as with any packet.
"""

import ctypes
import struct
from typing import Final

from edgediag.compat import assert_never
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.exchange import ProgramRun
from edgediag.model.host import PacketProgram
from edgediag.net import bpf
from edgediag.net.bpf_programs import opened
from edgediag.net.degraded import degraded
from edgediag.wire.headers import frame

# Linux, include/uapi/linux/bpf.h; enum xdp_action; pkt_cls.h.
_PROG_TEST_RUN: Final = 10
_XDP_DROPS: Final = frozenset({0, 1})
_CGROUP_ALLOWS: Final = 0x1
_TC_ACT_SHOT: Final = 2

# union bpf_attr: program, verdict, octets in and out, where they are, repeats; the rest is zero.
_TEST_RUN: Final = struct.Struct("=IIIIQQI44x")
_VERDICT: Final = 4


def run_program(run: ProgramRun) -> bool | NotChecked:
    """Whether the program drops the copy, or why the kernel does not run it."""
    return degraded("what a BPF program says", lambda: _is_dropped(run))


def _is_dropped(run: ProgramRun) -> bool:
    octets = frame(run.packet, run.hop)
    verdict = _run(_program_id(run.program), octets)
    match run.program:
        case XdpProgramObject():
            return verdict in _XDP_DROPS
        case CgroupProgramObject():
            # The upper bit asks for a slower pace.
            return not verdict & _CGROUP_ALLOWS
        case TcFilterObject():
            return verdict == _TC_ACT_SHOT
        case _ as never:
            assert_never(never)


def _program_id(program: PacketProgram) -> int:
    return program.handle if isinstance(program, TcFilterObject) else program.program


def _run(program: int, octets: bytes) -> int:
    data = ctypes.create_string_buffer(octets, len(octets))
    with opened(program) as descriptor:
        packed = _TEST_RUN.pack(descriptor, 0, len(octets), 0, ctypes.addressof(data), 0, 1)
        attributes = ctypes.create_string_buffer(packed, len(packed))
        bpf.command(_PROG_TEST_RUN, attributes)
    return int.from_bytes(attributes.raw[_VERDICT : _VERDICT + 4], "little")
