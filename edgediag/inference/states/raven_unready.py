"""Raven's way to the other nodes of the pool: a policy rule, a table and a device that fit."""

from typing import Final

from edgediag.host.overlay_routes import RAVEN_TABLE
from edgediag.host.vxlan import RAVEN_DEVICE, RAVEN_VNI
from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RavenStateObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "raven-unready"

_DEVICE: Final = RAVEN_DEVICE
_VNI: Final = RAVEN_VNI
_PORT: Final = 4472
_REMEDY: Final = "restart this node's raven-agent, which makes rule, table and device anew"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """Raven's rule, table and device are not all there, or the device does not fit the pool.

    Holds because   Raven makes all three at once and removes all three at once: a rule that asks
                    table 9027 wants routes in it and raven0 up with the VNI and the port that the
                    other nodes send to, and routes in the table want the rule
    Does not hold   with neither rule nor routes: in proxy mode and in a pool of one node there are
                    none, and a device alone says nothing; where a table was not read
    Asks for        policy rules, links, VXLAN devices, the routes of table 9027
    source          openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go
    """
    if isinstance(host.rules, NotChecked) or isinstance(host.overlay_routes, NotChecked):
        return None
    is_asked = any(rule.table == RAVEN_TABLE for rule in host.rules)
    has_routes = any(route.table == RAVEN_TABLE for route in host.overlay_routes)
    if not is_asked:
        text = f"routes stand in Raven's table {RAVEN_TABLE}, and no policy rule asks it"
        return _fault(text, "rule", "missing") if has_routes else None
    state = _device_state(host)
    if state:
        text = f"a policy rule sends marked traffic to Raven's overlay, and {_DEVICE} {state[0]}"
        return _fault(text, "device", state[1], is_mismatch=state[2])
    if has_routes:
        return None
    text = f"a policy rule asks Raven's table {RAVEN_TABLE}, and no route stands in it"
    return _fault(text, "table", "empty")


def _device_state(host: HostState) -> tuple[str, str, bool] | None:
    """What is wrong with the device: in a sentence, in short, and whether others differ from it."""
    if isinstance(host.links, NotChecked) or isinstance(host.vxlans, NotChecked):
        return None
    link = next((item for item in host.links if item.name == _DEVICE), None)
    if link is None:
        return "is missing", "missing", False
    if not link.is_up:
        return "is down", "down", False
    device = next((item for item in host.vxlans if item.interface == _DEVICE), None)
    if device is None:
        return "is no VXLAN device", "no VXLAN device", False
    if device.vni != _VNI:
        return f"has VNI {device.vni}, not {_VNI}", f"VNI {device.vni}", True
    if device.port != _PORT:
        said = f"has udp port {device.port}, while the other nodes send to {_PORT}"
        return said, f"port {device.port}", True
    return None


def _fault(text: str, part: str, state: str, *, is_mismatch: bool = False) -> Fault:
    mechanism = Mechanism.VXLAN_MISMATCH if is_mismatch else Mechanism.RAVEN_NOT_READY
    culprit = RavenStateObject(part=part, state=state)
    return Fault(claim=on_this_host(mechanism, culprit), text=text, remedy=_REMEDY)
