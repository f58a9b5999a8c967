"""What the expressions of a rule are made of; a rule is a sequence of them.

One of iptables-legacy or arptables-legacy begins with its header conditions, all others are those
of nf_tables.

Registers are counted in slots of four octets from 0, whichever of the kernel's two ways of
numbering a rule uses: NFT_REG_1 and NFT_REG32_00 are both slot 0.

source  include/uapi/linux/netfilter/nf_tables.h
"""

from dataclasses import dataclass
from typing import TypeAlias

from edgediag.host.netfilter.arp_header import ArpHeader
from edgediag.host.netfilter.ip_header import IpHeader
from edgediag.host.netfilter.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadLoad:
    """Octets of the packet into a register; base 0 link, 1 network, 2 transport, 3 inner."""

    base: int
    offset: int
    length: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaLoad:
    """A fact about the packet (NFT_META_*) into a register."""

    key: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CtLoad:
    """A fact of connection tracking (NFT_CT_*) into a register; direction None, 0 or 1."""

    key: int
    direction: int | None
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FibLoad:
    """A route lookup (NFT_FIB_RESULT_*, NFTA_FIB_F_*) into a register."""

    result: int
    flags: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmediateLoad:
    """A constant into a register."""

    value: bytes
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bitwise:
    """(register & mask) ^ xor, or a shift by `shift` bits: positive to the left.

    Neither mask nor shift where it is an operation of another kind (Linux 6.13).
    """

    source: int
    slot: int
    mask: bytes
    xor: bytes
    shift: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Byteorder:
    """A register turned round into network byte order, or back out of it.

    octets  of the whole value
    unit    octets of each number in it: 2, 4 or 8
    """

    source: int
    slot: int
    is_to_network: bool
    octets: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """The rule goes on only if it holds; operator 0 to 5: ==, !=, <, <=, >, >=."""

    operator: int
    slot: int
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InRange:
    """The rule goes on only for a register between two values, both inclusive."""

    is_negated: bool
    slot: int
    first: bytes
    last: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The rule goes on only for a member of a set; `destination` of a map, -1 for its verdict.

    destination  None where the set is no map
    """

    set_name: str
    slot: int
    destination: int | None
    is_negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An expression that is not read here, kept with its name."""

    name: str
    attributes: bytes


Load: TypeAlias = PayloadLoad | MetaLoad | CtLoad | FibLoad | ImmediateLoad
Change: TypeAlias = Bitwise | Byteorder
Test: TypeAlias = Compare | InRange | Lookup | IpHeader | ArpHeader
Expression: TypeAlias = Load | Change | Test | Statement | Unknown
