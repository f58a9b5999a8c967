"""The BPF program that tells of packets which the kernel drops: it looks and changes nothing.

It runs wherever the kernel frees a packet for a reason, compares the packet with the flows asked
for, both ways, and copies what it is told and the first octets of the packet into a ring buffer.
Packets of other network namespaces are left out, and those whose ports do not stand right behind a
fixed header: IPv4 with options, IPv6 with extension headers, later fragments.

source  include/trace/events/skb.h, kfree_skb; include/uapi/linux/bpf.h
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgediag.host.bpf_code import (
    ADD_K,
    ADD_X,
    CALL,
    INSTRUCTION_OCTETS,
    JA,
    JEQ32_K,
    JEQ_K,
    JNE32_K,
    JNE_K,
    JSET_K,
    LDX_B,
    LDX_DW,
    LDX_H,
    LDX_W,
    MOV_K,
    MOV_X,
    RSH_K,
    ST_DW,
    STX_DW,
    STX_W,
    instruction,
    map_by,
    network_order,
    returning,
)
from edgediag.host.drop_layout import Layout
from edgediag.model.flow import Flow, Protocol

# So many make 1,400 instructions of IPv4 and 5,000 of IPv6; the kernel takes 25 ms more for them.
MAX_FLOWS: Final = 128

_KTIME_GET_NS, _PROBE_READ_KERNEL, _RINGBUF_OUTPUT = 5, 113, 130
_SKB, _LOCATION, _REASON = 0, 8, 16

# The record: when, where, why, device, length, mark, and the packet from its IP header on.
RECORD: Final = struct.Struct("<QQIIII48s")
_PACKET_OCTETS: Final = 48
_STACK: Final = 0
_POINTER: Final = -8
_NUMBER: Final = -16
_BEGIN: Final = -16 - RECORD.size
_AT_LOCATION, _AT_REASON, _AT_DEVICE, _AT_LENGTH, _AT_MARK, _AT_PACKET = 8, 16, 20, 24, 28, 32

# RFC 791 §3.1; the ports stand first in TCP and UDP alike, an echo's identifier after its checksum.
_VERSION_AND_LENGTH: Final = 0x45
_FRAGMENT, _PROTOCOL, _SOURCE, _DESTINATION, _PORTS, _IDENTIFIER = 6, 9, 12, 16, 20, 24
_IS_LATER_FRAGMENT: Final = network_order(b"\x1f\xff")
NUMBERS: Final = {Protocol.ICMP: 1, Protocol.TCP: 6, Protocol.UDP: 17}

# RFC 8200 §3, RFC 4443 §2.1: the same of IPv6, and the number that ICMP has there.
_NEXT_HEADER_6, _SOURCE_6, _PORTS_6, _IDENTIFIER_6 = 6, 8, 40, 44
_VERSION_SHIFT, _WORD_OCTETS = 4, 4
NUMBERS_6: Final = {**NUMBERS, Protocol.ICMP: 58}

# How many instructions `_compared` makes, `_compared_6`, and `returning`.
_COMPARISONS: Final = 5
_COMPARISONS_6: Final = 19
_RETURNING: Final = 2

# Registers: 6 the packet, 7 the arguments, 10 the stack; 1 to 5 do not outlive a call.
_R0, _R1, _R2, _R3, _R4, _R5, _R6, _R7, _R8, _R10 = 0, 1, 2, 3, 4, 5, 6, 7, 8, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the program is to tell of, and where to; `ring` is a descriptor.

    namespace  the inode number of the network namespace
    """

    flows: Sequence[Flow]
    namespace: int
    ring: int


def drop_program(layout: Layout, watched: Watched) -> bytes:
    """The instructions for at most MAX_FLOWS flows."""
    legs = [leg for flow in watched.flows[:MAX_FLOWS] for leg in (flow, flow.reversed())]
    return b"".join(
        (
            *_start(layout),
            *_among(legs),
            *_in_namespace(layout, watched.namespace),
            *_told(layout, watched.ring),
            returning(0),
        )
    )


def _start(layout: Layout) -> list[bytes]:
    """The packet copied to the stack; what cannot be read there is left zero by the kernel."""
    return [
        instruction(LDX_DW, _R6, _R1, _SKB),
        instruction(MOV_X, _R7, _R1),
        *(instruction(ST_DW, _R10, 0, at) for at in range(_BEGIN, _STACK, 8)),
        *_copied(_POINTER, 8, (_R6, layout.head)),
        *_copied(_NUMBER, 2, (_R6, layout.network_header)),
        instruction(LDX_DW, _R8, _R10, _POINTER),
        instruction(LDX_H, _R1, _R10, _NUMBER),
        instruction(ADD_X, _R8, _R1),
        *_copied(_BEGIN + _AT_PACKET, _PACKET_OCTETS, (_R8, 0)),
    ]


def _copied(to: int, size: int, source: tuple[int, int]) -> list[bytes]:
    """Memory of the kernel copied to the stack, from so far behind a register."""
    register, offset = source
    return [
        instruction(MOV_X, _R1, _R10),
        instruction(ADD_K, _R1, constant=to),
        instruction(MOV_K, _R2, constant=size),
        instruction(MOV_X, _R3, register),
        instruction(ADD_K, _R3, constant=offset),
        instruction(CALL, constant=_PROBE_READ_KERNEL),
    ]


def _among(legs: Sequence[Flow]) -> list[bytes]:
    """Goes on for a packet of one of the flows, ends for all others."""
    of_six = _among_6([leg for leg in legs if leg.source.version == 6])
    following = len(b"".join(of_six)) // INSTRUCTION_OCTETS
    return [*_among_4([leg for leg in legs if leg.source.version == 4], following), *of_six]


def _among_4(legs: Sequence[Flow], following: int) -> list[bytes]:
    """For a packet of none of IPv6 goes on behind all that follows, or ends."""
    packet = _BEGIN + _AT_PACKET
    compared = len(legs) * _COMPARISONS
    return [
        instruction(LDX_B, _R1, _R10, packet),
        instruction(JNE_K, _R1, 0, compared + 7 + _RETURNING, _VERSION_AND_LENGTH),
        instruction(LDX_H, _R1, _R10, packet + _FRAGMENT),
        instruction(JSET_K, _R1, 0, compared + 5, _IS_LATER_FRAGMENT),
        instruction(LDX_B, _R1, _R10, packet + _PROTOCOL),
        instruction(LDX_W, _R2, _R10, packet + _SOURCE),
        instruction(LDX_W, _R3, _R10, packet + _DESTINATION),
        instruction(LDX_W, _R4, _R10, packet + _PORTS),
        instruction(LDX_H, _R5, _R10, packet + _IDENTIFIER),
        *(
            code
            for left, leg in zip(range(len(legs), 0, -1), legs, strict=True)
            for code in _compared(leg, _COMPARISONS * (left - 1) + _RETURNING + following)
        ),
        returning(0),
    ]


def _compared(leg: Flow, rest: int) -> list[bytes]:
    """Passes over the rest for a packet of this leg."""
    register, value = _ports(leg)
    return [
        instruction(JNE_K, _R1, 0, 4, NUMBERS[leg.protocol]),
        instruction(JNE32_K, _R2, 0, 3, network_order(leg.source.packed)),
        instruction(JNE32_K, _R3, 0, 2, network_order(leg.destination.packed)),
        instruction(JNE32_K, register, 0, 1, network_order(value)),
        instruction(JA, offset=rest),
    ]


def _among_6(legs: Sequence[Flow]) -> list[bytes]:
    """The same for IPv6, where the first octet of the packet is in a register already."""
    packet = _BEGIN + _AT_PACKET
    compared = len(legs) * _COMPARISONS_6
    return [
        instruction(RSH_K, _R1, constant=_VERSION_SHIFT),
        instruction(JNE_K, _R1, 0, compared + 3, 6),
        instruction(LDX_B, _R1, _R10, packet + _NEXT_HEADER_6),
        instruction(LDX_W, _R4, _R10, packet + _PORTS_6),
        instruction(LDX_H, _R5, _R10, packet + _IDENTIFIER_6),
        *(
            code
            for left, leg in zip(range(len(legs), 0, -1), legs, strict=True)
            for code in _compared_6(leg, _COMPARISONS_6 * (left - 1) + _RETURNING)
        ),
        returning(0),
    ]


def _compared_6(leg: Flow, rest: int) -> list[bytes]:
    """Addresses word by word: a register has no room for one."""
    register, value = _ports(leg)
    addresses = leg.source.packed + leg.destination.packed
    words = range(0, len(addresses), _WORD_OCTETS)
    return [
        instruction(JNE_K, _R1, 0, _COMPARISONS_6 - 1, NUMBERS_6[leg.protocol]),
        *(
            code
            for place, at in enumerate(words)
            for code in (
                instruction(LDX_W, _R2, _R10, _BEGIN + _AT_PACKET + _SOURCE_6 + at),
                instruction(
                    JNE32_K,
                    _R2,
                    0,
                    _COMPARISONS_6 - 3 - 2 * place,
                    network_order(addresses[at : at + _WORD_OCTETS]),
                ),
            )
        ),
        instruction(JNE32_K, register, 0, 1, network_order(value)),
        instruction(JA, offset=rest),
    ]


def _ports(leg: Flow) -> tuple[int, bytes]:
    """The register that tells both ports, or the identifier of an echo, and what it must have."""
    ports = [number.to_bytes(2, "big") for number in (leg.source_port, leg.destination_port)]
    return (_R5, ports[0]) if leg.protocol is Protocol.ICMP else (_R4, b"".join(ports))


def _in_namespace(layout: Layout, number: int) -> list[bytes]:
    """Goes on for a packet of the namespace, by its device or else its socket, or of none known."""
    by_device = [
        *_copied(_BEGIN + _AT_DEVICE, 4, (_R8, layout.device_index)),
        *_copied(_POINTER, 8, (_R8, layout.device_namespace)),
    ]
    by_socket = _copied(_POINTER, 8, (_R8, layout.socket_namespace))
    compared = [
        instruction(LDX_DW, _R8, _R10, _POINTER),
        instruction(ST_DW, _R10, 0, _NUMBER),
        *_copied(_NUMBER, 4, (_R8, layout.namespace_number)),
        instruction(LDX_W, _R1, _R10, _NUMBER),
        instruction(JEQ_K, _R1, 0, 1 + _RETURNING, 0),
        instruction(JEQ32_K, _R1, 0, _RETURNING, network_order(number.to_bytes(4, "little"))),
    ]
    socket = [*_copied(_POINTER, 8, (_R6, layout.socket)), instruction(LDX_DW, _R8, _R10, _POINTER)]
    rest = len(by_socket) + len(compared) + _RETURNING
    return [
        *_copied(_POINTER, 8, (_R6, layout.device)),
        instruction(LDX_DW, _R8, _R10, _POINTER),
        instruction(JEQ_K, _R8, 0, len(by_device) + 1, 0),
        *by_device,
        instruction(JA, offset=len(socket) + 1 + len(by_socket)),
        *socket,
        instruction(JEQ_K, _R8, 0, rest, 0),
        *by_socket,
        *compared,
        returning(0),
    ]


def _told(layout: Layout, ring: int) -> list[bytes]:
    """The record, completed and put into the ring; where that is full it is lost."""
    return [
        instruction(CALL, constant=_KTIME_GET_NS),
        instruction(STX_DW, _R10, _R0, _BEGIN),
        instruction(LDX_DW, _R1, _R7, _LOCATION),
        instruction(STX_DW, _R10, _R1, _BEGIN + _AT_LOCATION),
        instruction(LDX_DW, _R1, _R7, _REASON),
        instruction(STX_W, _R10, _R1, _BEGIN + _AT_REASON),
        *_copied(_BEGIN + _AT_LENGTH, 4, (_R6, layout.length)),
        *_copied(_BEGIN + _AT_MARK, 4, (_R6, layout.mark)),
        map_by(ring, _R1),
        instruction(MOV_X, _R2, _R10),
        instruction(ADD_K, _R2, constant=_BEGIN),
        instruction(MOV_K, _R3, constant=RECORD.size),
        instruction(MOV_K, _R4, constant=0),
        instruction(CALL, constant=_RINGBUF_OUTPUT),
    ]
