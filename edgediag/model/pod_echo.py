"""Echoes that left one of this node's pods for another node's."""

from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class PodQuestion:
    """What a pod is to ask.

    bridge        that it is on
    destinations  in the order asked
    most_octets   of an IP packet that this node sends on whole
    """

    bridge: str
    destinations: tuple[Address, ...]
    most_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEcho:
    """Echoes of one length, from a pod of this node, that may not be fragmented.

    pod       whose address they bear
    octets    of the IP packet
    answered  how many of those asked
    """

    pod: Address
    destination: Address
    octets: int
    asked: int
    answered: int


NO_ECHOES: Final = NotChecked(reason="no pod of this node was found to ask from")
