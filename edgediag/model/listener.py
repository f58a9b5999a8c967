"""A socket that takes what arrives at this host."""

from dataclasses import dataclass

from edgediag.model.flow import Address, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A socket that takes what arrives on a port; an unspecified address means all."""

    protocol: Protocol
    address: Address
    port: int
    uid: int
