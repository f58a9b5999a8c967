"""bpf(2): programs loaded into the kernel, and its other commands; the C library has no wrapper.

A descriptor is all that holds what is loaded here: it goes with the process, however that ends.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edgediag.host.bpf_code import INSTRUCTION_OCTETS

# Its number, by machine.
SYSCALLS: Final[Mapping[str, int]] = MappingProxyType({"x86_64": 321, "aarch64": 280})

# Linux, include/uapi/linux/bpf.h
MAP_CREATE: Final = 0
PROG_LOAD: Final = 5
RAW_TRACEPOINT_OPEN: Final = 17
_MAP_TYPE_RINGBUF: Final = 27
RAW_TRACEPOINT: Final = 17

# union bpf_attr for BPF_MAP_CREATE and for BPF_RAW_TRACEPOINT_OPEN, as far as they are used.
_MAP: Final = struct.Struct("=IIII")
_OPEN: Final = struct.Struct("=QII")

# union bpf_attr for BPF_PROG_LOAD, up to expected_attach_type.
_LOAD: Final = struct.Struct("=IIQQIIQII16sII")
_LICENCE: Final = b"GPL"
_NAME_OCTETS: Final = 15

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Instructions that the kernel's verifier is to accept.

    type_  BPF_PROG_TYPE_*
    name   as `bpftool prog` shows it, 15 octets at most
    """

    type_: int
    instructions: bytes
    name: bytes


def load(program: Program) -> int:
    """A descriptor of the program, which the kernel has found to be safe.

    raises  OSError as the kernel's: EPERM without CAP_BPF, EINVAL or EACCES from the verifier
    """
    code = ctypes.create_string_buffer(program.instructions, len(program.instructions))
    licence = ctypes.create_string_buffer(_LICENCE)
    count = len(program.instructions) // INSTRUCTION_OCTETS
    addresses = (ctypes.addressof(code), ctypes.addressof(licence))
    name = program.name[:_NAME_OCTETS]
    return command(
        PROG_LOAD, _LOAD.pack(program.type_, count, *addresses, 0, 0, 0, 0, 0, name, 0, 0)
    )


def create_ring(octets: int) -> int:
    """A descriptor of a ring buffer (Linux 5.8); its octets are pages, as many as a power of two.

    raises  OSError as the kernel's: EINVAL where it has no such maps, EPERM without CAP_BPF
    """
    return command(MAP_CREATE, _MAP.pack(_MAP_TYPE_RINGBUF, 0, 0, octets))


def open_raw_tracepoint(name: bytes, program: int) -> int:
    """A descriptor that has the program run at a tracepoint for as long as it is open.

    raises  OSError as the kernel's: ENOENT where there is no such tracepoint, EPERM without
            CAP_PERFMON
    """
    where = ctypes.create_string_buffer(name)
    return command(RAW_TRACEPOINT_OPEN, _OPEN.pack(ctypes.addressof(where), program, 0))


def command(number: int, attributes: bytes | ctypes.Array[ctypes.c_char]) -> int:
    """One command with its union bpf_attr, which the kernel may fill where it is a buffer.

    number  BPF_*
    raises  OSError as the kernel's; ENOSYS where the machine's number for bpf(2) is not known
    """
    syscall = SYSCALLS.get(platform.machine())
    if syscall is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    buffer = (
        ctypes.create_string_buffer(attributes, len(attributes))
        if isinstance(attributes, bytes)
        else attributes
    )
    result = _LIBC.syscall(syscall, number, buffer, len(buffer))
    if result < 0:
        number_ = ctypes.get_errno()
        raise OSError(number_, os.strerror(number_))
    return int(result)
