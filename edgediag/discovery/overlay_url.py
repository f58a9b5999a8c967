"""Nodes to be asked through an overlay, as URLs: vxlan://PEER[:PORT][?vni=VNI]."""

import re
from ipaddress import IPv4Address
from typing import Final

from edgediag.discovery.host import parse_address, parse_host_port
from edgediag.endpoints import flannel_vxlan, raven_gateway
from edgediag.host.vxlan import RAVEN_VNI
from edgediag.model.endpoint import Endpoint
from edgediag.model.flow import Address

FORM: Final = "vxlan://ADDRESS[:PORT][?vni=VNI]"
_URL: Final = re.compile(r"vxlan://([^/?#@]*)/?(?:\?vni=([0-9]{1,8}))?", re.ASCII)
_FLANNEL: Final = flannel_vxlan.ENDPOINTS[0]
_FLANNEL_VNI: Final = 1
_ALL_HOSTS: Final = IPv4Address("255.255.255.255")
# By port: the row that is judged, and the VNI that its nodes agree on.
_OVERLAYS: Final = {
    _FLANNEL.ports[0]: (_FLANNEL, _FLANNEL_VNI),
    raven_gateway.OVERLAY.ports[0]: (raven_gateway.OVERLAY, RAVEN_VNI),
}


def may_be_node(address: Address) -> bool:
    """True for an address of IPv4 that one other host may have: not of many, of none, of this one.

    source  RFC 1122 §3.2.1.3
    """
    is_of_many = address.is_multicast or address == _ALL_HOSTS
    return address.version == 4 and not (
        is_of_many or address.is_unspecified or address.is_loopback
    )


def overlay_of(url: str) -> tuple[Endpoint, Address] | None:
    """The overlay of a URL and the node that is to be asked through it.

    returns  None for what is no such URL: the node by an IPv4 address of one host, and port and
             VNI of flannel or of Raven, whose device on this node says the rest
    """
    found = _URL.fullmatch(url)
    place = parse_host_port(found[1], _FLANNEL.ports[0]) if found else None
    peer = parse_address(place.host) if place else None
    if found is None or place is None or peer is None or not may_be_node(peer):
        return None
    overlay = _OVERLAYS.get(place.port)
    if overlay is None or found[2] not in (None, str(overlay[1])):
        return None
    return overlay[0], peer
