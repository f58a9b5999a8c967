"""BPF programs that drop one kind of packet: put together by hand, loaded, attached.

They let pass what they do not know for sure: other protocols, fragments, headers with options.
"""

import errno
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edgediag.errors import CannotRunError
from edgediag.host.bpf_code import (
    ADD_K,
    JGT_X,
    JNE_K,
    JSET_K,
    LDX_B,
    LDX_H,
    LDX_W,
    MOV_X,
    instruction,
    returning,
)
from edgediag.net import bpf

# Linux, include/uapi/linux/bpf.h
_PROG_ATTACH: Final = 8
_PROG_QUERY: Final = 16
PROGRAM_TYPES: Final[Mapping[str, int]] = MappingProxyType({"tcx": 3, "xdp": 6, "cgroup": 8})
CGROUP_DIRECTIONS: Final[Mapping[str, int]] = MappingProxyType({"ingress": 0, "egress": 1})
TCX_DIRECTIONS: Final[Mapping[str, int]] = MappingProxyType({"ingress": 46, "egress": 47})
# union bpf_attr for BPF_PROG_ATTACH.
_ATTACH: Final = struct.Struct("=IIII")
# union bpf_attr for BPF_PROG_QUERY, which only counts where there is no room for ids.
_QUERY: Final = struct.Struct("=II56x")

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

    protocol  its number in the IP header, 0 for all
    port      0 for all
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
        "tcx": _Frame(data=76, data_end=80, network=ETHERNET_OCTETS, drop=2, accept=-1),
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
        (LDX_B, start, JNE_K, VERSION_AND_LENGTH),
        (LDX_H, start + FRAGMENT, JSET_K, _network_order(NOT_WHOLE)),
    ]
    if match.protocol:
        tests.append((LDX_B, start + PROTOCOL, JNE_K, match.protocol))
    if match.port:
        tests.append((LDX_H, port, JNE_K, _network_order(match.port)))
    if start:
        tests.insert(0, (LDX_H, ETHERTYPE, JNE_K, _network_order(IPV4)))
    # Register 1 is the context, 2 where the packet begins, 3 where it ends; 4 and 5 are scratch.
    code = [
        instruction(LDX_W, 2, 1, frame.data),
        instruction(LDX_W, 3, 1, frame.data_end),
        instruction(MOV_X, 4, 2),
        instruction(ADD_K, 4, constant=start + IPV4_OCTETS + 4),
        instruction(JGT_X, 4, 3, 2 * len(tests) + 2),
    ]
    for left, (load, offset, jump, constant) in zip(range(len(tests), 0, -1), tests):
        code += [
            instruction(load, 5, 2, offset),
            instruction(jump, 5, 0, 2 * left, constant),
        ]
    return b"".join((*code, returning(frame.drop), returning(frame.accept)))


def load(kind: str, instructions: bytes) -> int:
    """A descriptor of the program, which the kernel has found to be safe."""
    program_ = bpf.Program(
        type_=PROGRAM_TYPES[kind], instructions=instructions, name=b"edgediag_lab"
    )
    try:
        return bpf.load(program_)
    except OSError as exc:
        raise CannotRunError(f"cannot load the {kind} program: {exc.strerror}") from exc


def attach_to_cgroup(descriptor: int, cgroup: int, direction: str) -> None:
    """The program sees every packet of the sockets made in the cgroup (a descriptor too)."""
    _attach("cgroup", _ATTACH.pack(cgroup, descriptor, CGROUP_DIRECTIONS[direction], 0))


def has_tcx() -> bool:
    """The kernel has places for programs on devices; asked for those of the loopback device.

    raises  OSError as the kernel's, which answers who may not ask with EPERM whatever it has
    """
    loopback = 1
    try:
        bpf.command(_PROG_QUERY, _QUERY.pack(loopback, TCX_DIRECTIONS["ingress"]))
    except OSError as exc:
        # A kernel before Linux 6.6 does not know this place, and one without TCX has none.
        if exc.errno != errno.EINVAL:
            raise
        return False
    return True


def attach_to_device(descriptor: int, index: int, direction: str) -> None:
    """The program sees every packet of the device, which has this index; since Linux 6.6."""
    _attach("tcx", _ATTACH.pack(index, descriptor, TCX_DIRECTIONS[direction], 0))


def _attach(kind: str, attributes: bytes) -> None:
    try:
        bpf.command(_PROG_ATTACH, attributes)
    except OSError as exc:
        raise CannotRunError(f"cannot attach the {kind} program: {exc.strerror}") from exc


def _network_order(value: int) -> int:
    """The number that a little-endian load of these two octets gives."""
    return int.from_bytes(value.to_bytes(2, "big"), "little")
