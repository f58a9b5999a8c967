"""A flow: the five values that routers, filters and NATs tell conversations apart by."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


class Protocol(Enum):
    """The transport a flow uses; the value is the word of the report."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One direction of a conversation.

    source_port, destination_port  0 to 65535; of an ICMP echo both hold the identifier
    """

    protocol: Protocol
    source: Address
    source_port: int
    destination: Address
    destination_port: int

    def reversed(self) -> "Flow":
        """The flow of the answer."""
        return Flow(
            protocol=self.protocol,
            source=self.destination,
            source_port=self.destination_port,
            destination=self.source,
            destination_port=self.source_port,
        )
