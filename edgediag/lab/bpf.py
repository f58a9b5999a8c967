"""BPF programs that drop one kind of packet: put together by hand, loaded, attached.

They let pass what they do not know for sure: other protocols, fragments, headers with options.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edgediag.errors import CannotRunError

# bpf(2) has no wrapper in the C library: its number, by machine.
SYSCALLS: Final[Mapping[str, int]] = MappingProxyType({"x86_64": 321, "aarch64": 280})

# Linux, include/uapi/linux/bpf.h
BPF_PROG_LOAD: Final = 5
BPF_PROG_ATTACH: Final = 8
PROGRAM_TYPES: Final[Mapping[str, int]] = MappingProxyType({"xdp": 6, "cgroup": 8})
CGROUP_DIRECTIONS: Final[Mapping[str, int]] = MappingProxyType({"ingress": 0, "egress": 1})

# Both machines above are little-endian: code, source and target register, offset, constant.
INSTRUCTION: Final = struct.Struct("<BBhi")
# union bpf_attr for BPF_PROG_LOAD, up to expected_attach_type, and for BPF_PROG_ATTACH.
LOAD: Final = struct.Struct("=IIQQIIQII16sII")
ATTACH: Final = struct.Struct("=IIII")

# Instruction codes: Linux, Documentation/bpf/standardization/instruction-set.rst.
_LDX_W, _LDX_H, _LDX_B = 0x61, 0x69, 0x71
_MOV_X, _MOV_K, _ADD_K = 0xBF, 0xB7, 0x07
_JGT_X, _JNE_K, _JSET_K, _EXIT = 0x2D, 0x55, 0x45, 0x95

# RFC 791 §3.1; the ports stand first in TCP and UDP alike.
IPV4_OCTETS: Final = 20
VERSION_AND_LENGTH: Final = 0x45
FRAGMENT: Final = 6
NOT_WHOLE: Final = 0x3FFF
PROTOCOL: Final = 9
ETHERNET_OCTETS: Final = 14
ETHERTYPE: Final = 12
IPV4: Final = 0x0800


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What is dropped: sent to the port ("egress"), or coming from it ("ingress").

    protocol  its number in the IP header
    """

    protocol: int
    port: int
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """How a type of program sees a packet: where its bounds are told, where IPv4 begins."""

    data: int
    data_end: int
    network: int
    drop: int
    accept: int


# Offsets in struct xdp_md and struct __sk_buff; what each kind returns to drop and to let pass.
_FRAMES: Final[Mapping[str, _Frame]] = MappingProxyType(
    {
        "xdp": _Frame(data=0, data_end=4, network=ETHERNET_OCTETS, drop=1, accept=2),
        "cgroup": _Frame(data=76, data_end=80, network=0, drop=0, accept=1),
    }
)


def program(kind: str, match: Match) -> bytes:
    """The instructions of a program of PROGRAM_TYPES that drops what matches."""
    frame = _FRAMES[kind]
    start = frame.network
    port = start + IPV4_OCTETS + (0 if match.direction == "ingress" else 2)
    tests = [
        (_LDX_B, start, _JNE_K, VERSION_AND_LENGTH),
        (_LDX_H, start + FRAGMENT, _JSET_K, _network_order(NOT_WHOLE)),
        (_LDX_B, start + PROTOCOL, _JNE_K, match.protocol),
        (_LDX_H, port, _JNE_K, _network_order(match.port)),
    ]
    if start:
        tests.insert(0, (_LDX_H, ETHERTYPE, _JNE_K, _network_order(IPV4)))
    # Register 1 is the context, 2 where the packet begins, 3 where it ends; 4 and 5 are scratch.
    code = [
        _instruction(_LDX_W, 2, 1, frame.data),
        _instruction(_LDX_W, 3, 1, frame.data_end),
        _instruction(_MOV_X, 4, 2),
        _instruction(_ADD_K, 4, constant=start + IPV4_OCTETS + 4),
        _instruction(_JGT_X, 4, 3, 2 * len(tests) + 2),
    ]
    for left, (load, offset, jump, constant) in zip(range(len(tests), 0, -1), tests):
        code += [
            _instruction(load, 5, 2, offset),
            _instruction(jump, 5, 0, 2 * left, constant),
        ]
    return b"".join((*code, *_returning(frame.drop), *_returning(frame.accept)))


def load(kind: str, instructions: bytes) -> int:
    """A descriptor of the program, which the kernel has found to be safe."""
    code = ctypes.create_string_buffer(instructions, len(instructions))
    licence = ctypes.create_string_buffer(b"GPL")
    count = len(instructions) // INSTRUCTION.size
    addresses = (ctypes.addressof(code), ctypes.addressof(licence))
    name = b"edgediag_lab"
    attributes = LOAD.pack(PROGRAM_TYPES[kind], count, *addresses, 0, 0, 0, 0, 0, name, 0, 0)
    return _bpf(BPF_PROG_LOAD, attributes, f"load the {kind} program")


def attach_to_cgroup(descriptor: int, cgroup: int, direction: str) -> None:
    """The program sees every packet of the sockets made in the cgroup (a descriptor too)."""
    attributes = ATTACH.pack(cgroup, descriptor, CGROUP_DIRECTIONS[direction], 0)
    _bpf(BPF_PROG_ATTACH, attributes, "attach the cgroup program")


def _returning(value: int) -> tuple[bytes, bytes]:
    return _instruction(_MOV_K, 0, constant=value), _instruction(_EXIT, 0)


def _instruction(
    code: int, target: int, source: int = 0, offset: int = 0, constant: int = 0
) -> bytes:
    return INSTRUCTION.pack(code, source << 4 | target, offset, constant)


def _network_order(value: int) -> int:
    """The number that a little-endian load of these two octets gives."""
    return int.from_bytes(value.to_bytes(2, "big"), "little")


def _bpf(command: int, attributes: bytes, doing: str) -> int:
    number = SYSCALLS.get(platform.machine())
    if number is None:
        raise CannotRunError(f"cannot {doing}: bpf(2) is not known on {platform.machine()}")
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = libc.syscall(number, command, buffer, len(attributes))
    if result < 0:
        raise CannotRunError(f"cannot {doing}: {os.strerror(ctypes.get_errno())}")
    return int(result)
