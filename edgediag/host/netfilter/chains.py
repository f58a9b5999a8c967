"""Chains and sets of this host by their names, as whoever asks for their rules speaks of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from edgediag.host.netfilter.rule import FilterRule
from edgediag.host.netfilter.statement import Verdict


class Backend(Enum):
    """Which of the kernel's two rule engines a chain belongs to."""

    NFT = "nft"
    LEGACY = "legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainName:
    """What names a chain on this host."""

    backend: Backend
    family: str
    table: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceName:
    """A device that a chain is called for, or every one whose name begins so: nft's "eth*"."""

    name: str
    is_prefix: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChain:
    """A chain that the kernel calls itself.

    type_    "filter", "nat" or "route"
    devices  of an ingress or egress hook, else ()
    policy   "accept" or "drop"
    """

    name: ChainName
    hook: str
    priority: int
    type_: str
    policy: str
    devices: tuple[DeviceName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The rules of one chain in the order they are evaluated, or those that were asked for.

    numbers  of each in its chain, from 1
    """

    rules: tuple[FilterRule, ...]
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A member of a set, both ends inclusive; empty keys for the one that catches all.

    data       of a map, else b""
    verdict    of a verdict map, else None
    condition  the name of a condition of the element's own, else ""
    """

    first: bytes
    last: bytes
    data: bytes
    verdict: Verdict | None
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContents:
    """A set; `fields` are the octets of each part of a concatenated key, () for a single one."""

    fields: tuple[int, ...]
    elements: tuple[Element, ...]
