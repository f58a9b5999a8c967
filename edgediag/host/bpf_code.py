"""The instructions of BPF programs, put together by hand.

source  Linux, Documentation/bpf/standardization/instruction-set.rst
"""

import struct
from typing import Final

# Code, source and target register, offset, constant. Byte order: the machines whose number of
# bpf(2) is known are little-endian.
_INSTRUCTION: Final = struct.Struct("<BBhi")
INSTRUCTION_OCTETS: Final = _INSTRUCTION.size

LDX_DW, LDX_W, LDX_H, LDX_B = 0x79, 0x61, 0x69, 0x71
STX_DW, STX_W, ST_DW = 0x7B, 0x63, 0x7A
MOV_X, MOV_K, ADD_X, ADD_K, RSH_K = 0xBF, 0xB7, 0x0F, 0x07, 0x77
JA, JEQ_K, JGT_X, JNE_K, JSET_K, CALL, EXIT = 0x05, 0x15, 0x2D, 0x55, 0x45, 0x85, 0x95
# These compare the lower halves: a constant has 32 bits, and would be taken with its sign.
JEQ32_K, JNE32_K = 0x16, 0x56
# Two instructions that load 64 bits; with this for a source, a map by its descriptor.
_LD_IMM64: Final = 0x18
_MAP_DESCRIPTOR: Final = 1


def instruction(
    code: int, target: int = 0, source: int = 0, offset: int = 0, constant: int = 0
) -> bytes:
    """One instruction; registers by their numbers, jumps by the instructions they pass over."""
    return _INSTRUCTION.pack(code, source << 4 | target, offset, constant)


def returning(value: int) -> bytes:
    """The end of a program that gives a value."""
    return instruction(MOV_K, constant=value) + instruction(EXIT)


def map_by(descriptor: int, target: int) -> bytes:
    """A map in a register; takes the room of two instructions."""
    first = instruction(_LD_IMM64, target, _MAP_DESCRIPTOR, 0, descriptor)
    return first + instruction(0)


def network_order(octets: bytes) -> int:
    """The constant that octets of a packet compare as, when they were loaded from it as one."""
    return int.from_bytes(octets, "little", signed=len(octets) == 4)
