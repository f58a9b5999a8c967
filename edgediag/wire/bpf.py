"""The classic BPF program that keeps a tap's queue to this run's own conversations."""

from dataclasses import dataclass, replace
from typing import Final

from edgediag.wire import ipv6_fragment
from edgediag.wire.assigned_numbers import (
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    ICMP_NUMBER,
    ICMPV6_NUMBER,
    TCP_NUMBER,
    UDP_NUMBER,
)

# Instruction codes: Linux, include/uapi/linux/bpf_common.h; A is the accumulator, X the index.
_LD_HALF_ABS: Final = 0x28
_LD_HALF_IND: Final = 0x48
_LD_WORD_IND: Final = 0x40
_LD_BYTE_IND: Final = 0x50
_LDX_IMM: Final = 0x01
_ADD_K: Final = 0x04
_ADD_X: Final = 0x0C
_AND_K: Final = 0x54
_LSH_K: Final = 0x64
_JA: Final = 0x05
_JEQ: Final = 0x15
_JGT: Final = 0x25
_JGE: Final = 0x35
_JSET: Final = 0x45
_RET: Final = 0x06
_TAX: Final = 0x07
_TXA: Final = 0x87

# Offsets that mean something else: Linux, include/uapi/linux/filter.h, as unsigned numbers.
_SKF_AD_PROTOCOL: Final = 0xFFFFF000
_SKF_AD_HATYPE: Final = 0xFFFFF01C
_SKF_NET_OFF: Final = 0xFFF00000

# Linux, include/uapi/linux/if_arp.h: devices whose frames begin with an Ethernet header.
_ARPHRD_ETHER: Final = 1
_ARPHRD_LOOPBACK: Final = 772
_ETHERNET_HEADER_OCTETS: Final = 14

# Where the fields lie: RFC 791 §3.1, RFC 8200 §3; ports stand first in TCP and UDP alike.
_IPV4_FRAGMENT: Final = 6
_IPV4_FRAGMENT_OFFSET: Final = 0x1FFF
_IPV4_PROTOCOL: Final = 9
_IPV4_HEADER_WORDS: Final = 0x0F
_IPV6_NEXT_HEADER: Final = 6
_IPV6_HEADER_OCTETS: Final = 40

# RFC 4443 §2.1 and §4.2: errors have types below 128, echoes 128 and 129; beyond are multicast
# listeners and the neighbours of a link (RFC 4861), of which a node with pods sees many.
_ICMPV6_ECHO_REPLY: Final = 129
# An echo inside a VXLAN frame, from the outer UDP header on: 8 octets of it, 8 of VXLAN (RFC 7348
# §5), 14 of Ethernet, 20 of IPv4. Requests have type 8 and replies 0 (RFC 792).
_VXLAN_FLAGS: Final = 8
_VNI_IS_VALID: Final = 0x08
_INNER_ETHERTYPE: Final = 28
_INNER_PROTOCOL: Final = 39
_INNER_ICMP_TYPE: Final = 50
_NEITHER_ECHO: Final = 0xF7
_INNER_IDENTIFIER: Final = 54

# The tunnel's own port, and where the payload of a datagram begins (RFC 768); what has four zeros
# there is IKE and not ESP (RFC 3948 §2.2).
_TUNNEL_PORT: Final = 4500
_IKE_PORT: Final = 500
_UDP_LENGTH: Final = 4
_UDP_PAYLOAD: Final = 8
_MARKER_OCTETS: Final = 4

# How much of an accepted frame is kept: more octets than a frame has.
_WHOLE_FRAME: Final = 0x40000

# What is kept of frames that only tell what they are: IKE in the clear with its proposals, and of
# anything else the headers.
_IKE_OCTETS: Final = 2048
_HEADER_OCTETS: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One `struct sock_filter`; jt and jf count the instructions to skip."""

    code: int
    jt: int
    jf: int
    k: int


@dataclass(frozen=True, slots=True)
class _Line:
    """An instruction that jumps by name; "" is the next line."""

    code: int
    k: int
    then: str = ""
    otherwise: str = ""
    label: str = ""


# X becomes the offset of the network header. On Ethernet it is counted instead of asked for by
# SKF_NET_OFF: kernels before April 2025 (commit d4bac0288a2b) read by that only what lies in the
# linear part of a packet. Some drivers, iwlwifi among them, leave the headers outside of it, and
# the tap would miss every answer without a sign.
_NETWORK_OFFSET = (
    _Line(_LD_HALF_ABS, _SKF_AD_HATYPE),
    _Line(_JEQ, _ARPHRD_ETHER, then="ethernet"),
    _Line(_JEQ, _ARPHRD_LOOPBACK, then="ethernet"),
    _Line(_LDX_IMM, _SKF_NET_OFF),
    _Line(_JA, 0, then="network"),
    _Line(_LDX_IMM, _ETHERNET_HEADER_OCTETS, label="ethernet"),
    _Line(_LD_HALF_ABS, _SKF_AD_PROTOCOL, label="network"),
    _Line(_JEQ, ETHERTYPE_IPV4, then="ipv4"),
    _Line(_JEQ, ETHERTYPE_IPV6, then="ipv6", otherwise="drop"),
)

_IPV4 = (
    _Line(_LD_BYTE_IND, _IPV4_PROTOCOL, label="ipv4"),
    _Line(_JEQ, ICMP_NUMBER, then="accept"),
    _Line(_JEQ, TCP_NUMBER, then="ipv4-transport"),
    _Line(_JEQ, UDP_NUMBER, then="ipv4-transport", otherwise="drop"),
    _Line(_LD_HALF_IND, _IPV4_FRAGMENT, label="ipv4-transport"),
    _Line(_JSET, _IPV4_FRAGMENT_OFFSET, then="drop"),
    _Line(_LD_BYTE_IND, 0),
    _Line(_AND_K, _IPV4_HEADER_WORDS),
    _Line(_LSH_K, 2),
    _Line(_ADD_X, 0),
    _Line(_TAX, 0),
    _Line(_JA, 0, then="ports"),
)

_IPV6 = (
    _Line(_LD_BYTE_IND, _IPV6_NEXT_HEADER, label="ipv6"),
    _Line(_JEQ, ICMPV6_NUMBER, then="icmpv6"),
    _Line(_JEQ, TCP_NUMBER, then="ipv6-transport"),
    _Line(_JEQ, UDP_NUMBER, then="ipv6-transport"),
    _Line(_JEQ, ipv6_fragment.NUMBER, otherwise="drop"),
    _Line(_LD_HALF_IND, _IPV6_HEADER_OCTETS + ipv6_fragment.OFFSET_AT),
    _Line(_JSET, ipv6_fragment.OFFSET, then="drop"),
    _Line(_LD_BYTE_IND, _IPV6_HEADER_OCTETS),
    _Line(_JEQ, UDP_NUMBER, otherwise="drop"),
    _Line(_TXA, 0),
    _Line(_ADD_K, ipv6_fragment.OCTETS),
    _Line(_TAX, 0),
    _Line(_TXA, 0, label="ipv6-transport"),
    _Line(_ADD_K, _IPV6_HEADER_OCTETS),
    _Line(_TAX, 0),
)

_ICMPV6 = (
    _Line(_LD_BYTE_IND, _IPV6_HEADER_OCTETS, label="icmpv6"),
    _Line(_JGT, _ICMPV6_ECHO_REPLY, then="drop", otherwise="accept"),
)

_RETURNS = (
    _Line(_RET, _WHOLE_FRAME, label="accept"),
    _Line(_RET, 0, label="drop"),
)

_TUNNEL = (
    _Line(_LD_HALF_IND, 0, label="ports"),
    _Line(_JEQ, _TUNNEL_PORT, then="marked"),
    _Line(_JEQ, _IKE_PORT, then="ike"),
    _Line(_LD_HALF_IND, 2),
    _Line(_JEQ, _TUNNEL_PORT, then="marked"),
    _Line(_JEQ, _IKE_PORT, then="ike", otherwise="drop"),
    # A keep-alive has one octet, and to load four of it would end in a drop.
    _Line(_LD_HALF_IND, _UDP_LENGTH, label="marked"),
    _Line(_JGE, _UDP_PAYLOAD + _MARKER_OCTETS, otherwise="header"),
    _Line(_LD_WORD_IND, _UDP_PAYLOAD),
    _Line(_JEQ, 0, then="ike", otherwise="header"),
)

_CUT_OFF = (
    _Line(_RET, _IKE_OCTETS, label="ike"),
    _Line(_RET, _HEADER_OCTETS, label="header"),
    _Line(_RET, 0, label="drop"),
)


def tap_filter(first_port: int, last_port: int) -> tuple[Instruction, ...]:
    """Accepts ICMP, and TCP and UDP from or to a port in [first_port, last_port].

    Of ICMPv6 it accepts errors and echoes, and not what neighbours say to each other.

    Of the tunnel's own port it accepts IKE, which is rare, and no ESP; of VXLAN, whatever its port,
    echoes with such an identifier.

    For a packet socket of type SOCK_RAW on any link layer. Of TCP and UDP it takes what carries
    the ports: no later fragments, and in IPv6 behind extension headers no more than the datagram
    that a first fragment begins.
    """
    ports = _ports(first_port, last_port)
    return _resolve((*_NETWORK_OFFSET, *_IPV4, *_IPV6, *ports, *_ICMPV6, *_RETURNS))


def listening_filter() -> tuple[Instruction, ...]:
    """Accepts UDP from or to the ports of IKE and of the tunnel, ESP among it, cut off short.

    The link layers and the transport are those of `tap_filter`.
    """
    return _resolve((*_NETWORK_OFFSET, *_udp_alone(_IPV4), *_udp_alone(_IPV6), *_TUNNEL, *_CUT_OFF))


def _udp_alone(lines: tuple[_Line, ...]) -> tuple[_Line, ...]:
    """The same path through the headers for UDP alone."""
    others = (ICMP_NUMBER, ICMPV6_NUMBER, TCP_NUMBER)
    return tuple(
        replace(line, then="drop") if line.code == _JEQ and line.k in others else line
        for line in lines
    )


def _ports(first: int, last: int) -> tuple[_Line, ...]:
    return (
        _Line(_LD_HALF_IND, 0, label="ports"),
        _Line(_JGE, first, otherwise="destination"),
        _Line(_JGT, last, otherwise="accept"),
        _Line(_LD_HALF_IND, 2, label="destination"),
        _Line(_JGE, first, otherwise="tunnel"),
        _Line(_JGT, last, then="tunnel", otherwise="accept"),
        _Line(_JEQ, _TUNNEL_PORT, then="marker", label="tunnel"),
        _Line(_LD_HALF_IND, 0),
        _Line(_JEQ, _TUNNEL_PORT, then="marker", otherwise="overlay"),
        _Line(_LD_WORD_IND, _UDP_PAYLOAD, label="marker"),
        _Line(_JEQ, 0, then="accept", otherwise="drop"),
        _Line(_LD_BYTE_IND, _VXLAN_FLAGS, label="overlay"),
        _Line(_JEQ, _VNI_IS_VALID, otherwise="drop"),
        _Line(_LD_HALF_IND, _INNER_ETHERTYPE),
        _Line(_JEQ, ETHERTYPE_IPV4, otherwise="drop"),
        _Line(_LD_BYTE_IND, _INNER_PROTOCOL),
        _Line(_JEQ, ICMP_NUMBER, otherwise="drop"),
        _Line(_LD_BYTE_IND, _INNER_ICMP_TYPE),
        _Line(_JSET, _NEITHER_ECHO, then="drop"),
        _Line(_LD_HALF_IND, _INNER_IDENTIFIER),
        _Line(_JGE, first, otherwise="drop"),
        _Line(_JGT, last, then="drop", otherwise="accept"),
    )


def _resolve(lines: tuple[_Line, ...]) -> tuple[Instruction, ...]:
    places = {line.label: place for place, line in enumerate(lines) if line.label}
    program = []
    for place, line in enumerate(lines):
        jt = places[line.then] - place - 1 if line.then else 0
        jf = places[line.otherwise] - place - 1 if line.otherwise else 0
        # The jump that is always taken has its distance in k (Linux, net/core/filter.c).
        is_always = line.code == _JA
        program.append(
            Instruction(
                code=line.code,
                jt=0 if is_always else jt,
                jf=jf,
                k=jt if is_always else line.k,
            )
        )
    return tuple(program)
