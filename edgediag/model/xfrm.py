"""IPsec as the kernel has it, without any key (ip-xfrm(8), include/uapi/linux/xfrm.h)."""

from dataclasses import dataclass

from edgediag.model.answer import READ_ONCE, NotChecked
from edgediag.model.flow import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class XfrmSelector:
    """The packets that a policy is about.

    source, destination              with the length of the prefix; length 0 selects all
    source_port, destination_port    value and mask; mask 0 selects all
    ip_protocol                      0 selects all
    is_narrower                      it selects by more than is read here: a device, a mark
    """

    source: tuple[Address, int]
    destination: tuple[Address, int]
    source_port: tuple[int, int]
    destination_port: tuple[int, int]
    ip_protocol: int
    is_narrower: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class XfrmTemplate:
    """What a policy wants a packet wrapped in; the addresses are those of the tunnel's ends."""

    source: Address
    destination: Address
    protocol: str
    mode: str
    request: int


@dataclass(frozen=True, slots=True, kw_only=True)
class XfrmPolicy:
    """A policy; of several that select a packet the kernel takes the lowest `priority`.

    direction  "in", "out" or "fwd"
    action     "allow" or "block"
    """

    direction: str
    action: str
    priority: int
    index: int
    selector: XfrmSelector
    templates: tuple[XfrmTemplate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class XfrmState:
    """A security association.

    protocol    "esp", "ah" or "comp"
    is_in_udp   ESP travels inside UDP, between these ports
    octets      that it carried so far
    octets_meanwhile  of these, between two readings
    """

    source: Address
    destination: Address
    spi: int
    protocol: str
    mode: str
    request: int
    is_in_udp: bool
    ports: tuple[int, int]
    octets: int
    octets_meanwhile: int | NotChecked = READ_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class XfrmCount:
    """One error counter of /proc/net/xfrm_stat that is not zero.

    meanwhile  by how much it rose between two readings
    """

    name: str
    count: int
    meanwhile: int | NotChecked = READ_ONCE
