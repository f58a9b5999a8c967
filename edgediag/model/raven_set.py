"""Raven's ipsets as the kernel has them, and the networks of pools that they are made from."""

from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class RavenSet:
    """One set; each member has one network or, in a set of pairs, two, as ADDRESS/LENGTH."""

    name: str
    members: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPool:
    """What one Gateway object says of its own pool.

    nodes     their private addresses
    networks  of the pods on them, as ADDRESS/LENGTH
    source    the file or the address that the object is from
    """

    gateway: str
    nodes: tuple[Address, ...]
    networks: tuple[str, ...]
    source: str


NO_SETS: Final = NotChecked(reason="the sets of ipset were not looked at")
NO_POOLS: Final = NotChecked(reason="no Gateway object was looked at")
