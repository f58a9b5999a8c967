"""What of the tunnels stands in the kernel beside their policies and devices."""

from dataclasses import dataclass

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address, Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelSocket:
    """Who holds a port of a tunnel.

    process  its name and number, in this order; () for the kernel itself
    """

    port: int
    address: Address
    process: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelConnection:
    """A tracked connection of a tunnel's port.

    asked        by its first packet
    wire         what leaves for it, or what comes in for it where the other end began
    is_answered  packets were seen both ways
    """

    asked: Flow
    wire: Flow
    is_answered: bool


NOT_INSPECTED = NotChecked(reason="it is looked at by edgediag inspect alone")
