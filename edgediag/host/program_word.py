"""What the value that a BPF program returns makes of a packet.

source  include/uapi/linux/bpf.h (enum xdp_action, enum tcx_action_base), pkt_cls.h (TC_ACT_*);
        net/core/dev.c (tcx_action_code), net/sched/cls_bpf.c (cls_bpf_exec_opcode)
"""

from typing import Final

from edgediag.compat import assert_never
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject, XdpProgramObject
from edgediag.model.program import PacketProgram, ProgramWord

TCX: Final = "tcx"
# What XDP does not know it drops with a warning, as it does where a program gives up (0).
_XDP: Final = {2: ProgramWord.PASSES, 3: ProgramWord.RETURNS, 4: ProgramWord.REDIRECTS}
_TCX: Final = {0: ProgramWord.PASSES, 2: ProgramWord.DROPS, 7: ProgramWord.REDIRECTS}
# Stolen and trapped; what traffic control does not know is as good as no word.
_CLSACT: Final = {**_TCX, 4: ProgramWord.TAKES, 8: ProgramWord.TAKES}
_CGROUP_ALLOWS: Final = 0x1


def word_of(program: PacketProgram, value: int) -> ProgramWord:
    """What becomes of a packet for which a program returns this value."""
    match program:
        case XdpProgramObject():
            return _XDP.get(value, ProgramWord.DROPS)
        case CgroupProgramObject():
            # The upper bit asks for a slower pace.
            return ProgramWord.LEAVES if value & _CGROUP_ALLOWS else ProgramWord.DROPS
        case TcFilterObject():
            words = _TCX if program.classifier == TCX else _CLSACT
            return words.get(value, ProgramWord.LEAVES)
        case _ as never:
            assert_never(never)


def number_of(program: PacketProgram) -> int:
    """The id of a program; a filter of tcx has it for its handle."""
    return program.handle if isinstance(program, TcFilterObject) else program.program
