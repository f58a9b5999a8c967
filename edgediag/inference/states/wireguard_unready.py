"""Raven's way into its WireGuard device: a policy rule, a table and a device that fit."""

from typing import Final

from edgediag.host.overlay_routes import WIREGUARD_TABLE
from edgediag.host.wireguard import RAVEN_DEVICE
from edgediag.inference.fault import Fault
from edgediag.inference.wireguard import ravens, unready
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address
from edgediag.model.host import HostState

ID = "wireguard-unready"

_REMEDY: Final = "restart this node's raven-agent, which makes rule, table and device anew"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """Raven's rule, table and device for WireGuard are not all there.

    Holds because   routes of table 9028 are of use only while a rule asks the table and the device
                    they lead to is up; and a device whose peers have networks has routes to them
    Does not hold   with neither rule nor routes: libreswan needs none; for a device without peers,
                    before which no route is made; where a table was not read
    Asks for        policy rules, links, the routes of table 9028, the device's peers
    source          openyurtio/raven pkg/networkengine/vpndriver/wireguard/wireguard.go
    """
    if isinstance(host.rules, NotChecked) or isinstance(host.overlay_routes, NotChecked):
        return None
    is_asked = any(rule.table == WIREGUARD_TABLE for rule in host.rules)
    has_routes = any(route.table == WIREGUARD_TABLE for route in host.overlay_routes)
    if has_routes and not is_asked:
        text = f"routes stand in Raven's table {WIREGUARD_TABLE}, and no policy rule asks it"
        return unready(text, ("rule", "missing"), _REMEDY)
    state = _device_state(host)
    if state and (is_asked or has_routes):
        text = f"Raven's table {WIREGUARD_TABLE} sends to {RAVEN_DEVICE}, which is {state}"
        return unready(text, ("device", state), _REMEDY)
    if is_asked and not has_routes and _has_networks(host):
        text = f"a policy rule asks Raven's table {WIREGUARD_TABLE}, and no route stands in it"
        return unready(text, ("table", "empty"), _REMEDY)
    return None


def _device_state(host: HostState) -> str:
    if isinstance(host.links, NotChecked):
        return ""
    link = next((item for item in host.links if item.name == RAVEN_DEVICE), None)
    if link is None:
        return "missing"
    return "" if link.is_up else "down"


def _has_networks(host: HostState) -> bool:
    device = ravens(host)
    return device is not None and any(peer.networks for peer in device.peers)
