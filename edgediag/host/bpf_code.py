"""The instructions of BPF programs, put together by hand.

source  Linux, Documentation/bpf/standardization/instruction-set.rst
"""

import struct
from typing import Final

# Code, source and target register, offset, constant. Byte order: the machines whose number of
# bpf(2) is known are little-endian.
_INSTRUCTION: Final = struct.Struct("<BBhi")
INSTRUCTION_OCTETS: Final = _INSTRUCTION.size

LDX_W, LDX_H, LDX_B = 0x61, 0x69, 0x71
MOV_X, MOV_K, ADD_K = 0xBF, 0xB7, 0x07
JGT_X, JNE_K, JSET_K, EXIT = 0x2D, 0x55, 0x45, 0x95


def instruction(
    code: int, target: int = 0, source: int = 0, offset: int = 0, constant: int = 0
) -> bytes:
    """One instruction; registers by their numbers, jumps by the instructions they pass over."""
    return _INSTRUCTION.pack(code, source << 4 | target, offset, constant)


def returning(value: int) -> bytes:
    """The end of a program that gives a value."""
    return instruction(MOV_K, constant=value) + instruction(EXIT)
