"""The MTU of an overlay, held against that of the devices that carry it; nothing is sent."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import MtuObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState, Link
from edgediag.model.verdict import Mechanism

ID = "overlay-mtu"

_OVERLAY = "vxlan"
_NO_UNDERLAY = (_OVERLAY, "bridge")

# What VXLAN adds over IPv4 (RFC 7348 §5): outer IP 20, UDP 8, VXLAN 8, inner Ethernet 14.
_ADDED_OCTETS = 50


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The overlay believes in longer packets than this host can carry.

    Holds because   every device of this host that has an address of its own, and is neither overlay
                    nor bridge, has an MTU below that of a VXLAN device with what VXLAN adds: by
                    whichever of them it leaves, a packet of full size does not fit
    Does not hold   as soon as one device could carry it
    Asks for        devices and addresses
    source          RFC 7348 §5 (what VXLAN adds)
    """
    widest = max(_underlays(host), key=lambda link: link.mtu, default=None)
    if widest is None:
        return None
    for link in _links(host):
        if link.kind == _OVERLAY and link.mtu + _ADDED_OCTETS > widest.mtu:
            return _fault(link, widest)
    return None


def _links(host: HostState) -> tuple[Link, ...]:
    return () if isinstance(host.links, NotChecked) else host.links


def _underlays(host: HostState) -> list[Link]:
    addresses = () if isinstance(host.addresses, NotChecked) else host.addresses
    addressed = {item.interface for item in addresses if not item.address.is_loopback}
    return [
        link
        for link in _links(host)
        if link.name in addressed and link.is_up and link.kind not in _NO_UNDERLAY
    ]


def _fault(overlay: Link, underlay: Link) -> Fault:
    culprit = MtuObject(interface=underlay.name, octets=underlay.mtu)
    return Fault(
        claim=on_this_host(Mechanism.MTU, culprit),
        text=f"{overlay.name} takes packets of {overlay.mtu} octets, which need "
        f"{overlay.mtu + _ADDED_OCTETS} on the way, and {underlay.name}, the widest device of this "
        f"host, carries {underlay.mtu}",
        remedy=f"set the MTU of {underlay.name} to what its network carries, or that of "
        f"{overlay.name} to {underlay.mtu - _ADDED_OCTETS}",
    )
