"""A reverse-path filter that drops what Raven's overlay brings from other nodes."""

from typing import Final

from edgediag.host.overlay_routes import RAVEN_TABLE
from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.sysctls import sysctls_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import SysctlObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "raven-strict"

_DEVICE: Final = "raven0"
_KEY: Final = "net.ipv4.conf.{}.rp_filter"
_STRICT: Final = "1"
_VALUES: Final = ("0", "1", "2")


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """The reverse-path filter on raven0 is strict.

    Holds because   the way back to the pods of other nodes is found by mark alone, in Raven's
                    table; the filter looks without the mark, finds another device and drops. The
                    kernel takes the greater of the values of all devices and of this one
    Does not hold   where no policy rule asks Raven's table; where the device's own value is loose
                    (2), as Raven sets it; where a table was not read
    Asks for        policy rules, sysctls
    source          Documentation/networking/ip-sysctl.rst (rp_filter); openyurtio/raven
                    pkg/networkengine/routedriver/vxlan/vxlan.go
    """
    if isinstance(host.rules, NotChecked):
        return None
    if not any(rule.table == RAVEN_TABLE for rule in host.rules):
        return None
    values = {key: value for key, value in sysctls_of(host).items() if value in _VALUES}
    keys = [key for key in map(_KEY.format, (_DEVICE, "all")) if key in values]
    if len(keys) < 2 or max(values[key] for key in keys) != _STRICT:
        return None
    key = next(key for key in keys if values[key] == _STRICT)
    return Fault(
        claim=on_this_host(Mechanism.RP_FILTER, SysctlObject(key=key, value=_STRICT)),
        text=f"{key} is {_STRICT}: what {_DEVICE} brings from other nodes is dropped, for its way "
        "back is found by mark alone",
        remedy=f"set {_KEY.format(_DEVICE)} to 2, as Raven does",
    )
