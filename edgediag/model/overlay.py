"""The overlay as the kernel has it: VXLAN devices, what they know of other nodes, their routes."""

from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address

ADDED_OCTETS: Final = 50
"""What VXLAN adds over IPv4 (RFC 7348 §5): outer IP 20, UDP 8, VXLAN 8, inner Ethernet 14."""

NOT_COUNTED: Final = NotChecked(reason="the kernel did not tell its counters")

NOT_ASKED_FOR: Final = NotChecked(reason="the driver was not asked")


@dataclass(frozen=True, slots=True, kw_only=True)
class VxlanDevice:
    """What a VXLAN device has beside what every `Link` has.

    port       UDP port it listens on and sends to
    local      address its frames are sent from, None where the kernel chooses one
    remote     where unknown MACs go, None where they go nowhere
    underlay   name of the device below, "" for none
    is_learning    it learns from what arrives who has which MAC
    is_asking      it tells a program of what it does not know (l2miss, l3miss)
    is_external    every packet brings its own VNI and destination (collect metadata)
    has_checksum   the outer UDP header carries one
    received       packets that came out of it so far
    offloads_checksum  it is to write the checksums of what is sent through it (ethtool -k)
    """

    interface: str
    vni: int
    port: int
    local: Address | None
    remote: Address | None
    underlay: str
    is_learning: bool
    is_asking: bool
    is_external: bool
    has_checksum: bool
    received: int | NotChecked = NOT_COUNTED
    offloads_checksum: bool | NotChecked = NOT_ASKED_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingEntry:
    """Behind which node a MAC is; the MAC of zeros stands for all others."""

    interface: str
    mac: str
    destination: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnd:
    """A node's end of flannel's overlay, as its own object has it.

    node     "" for this very node
    address  to which frames for the MAC go
    inner    the end's own address, None where the object names no pod network
    source   where the object was read
    """

    node: str
    address: Address
    mac: str
    inner: Address | None
    source: str


NO_NODES: Final = NotChecked(reason="no node objects were looked at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encapsulation:
    """What a probe through an overlay wears, beside its outer flow.

    has_checksum         the outer UDP header carries one
    source, destination  of the echo inside; MACs in the form "02:00:00:00:00:01"
    identifier           of the echo inside: a port that is held for the run, and no other's
    """

    vni: int
    has_checksum: bool
    source_mac: str
    destination_mac: str
    source: Address
    destination: Address
    identifier: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayRoute:
    """A route through a VXLAN device, or in a table of Raven's.

    type_    "unicast", "blackhole", ...
    prefix   "default" for 0.0.0.0/0
    gateway  None where the destination is on the link
    mtu      None where the route sets none
    """

    interface: str
    type_: str
    prefix: str
    gateway: Address | None
    table: int
    mtu: int | None
