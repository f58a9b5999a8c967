"""Whether a device can have a program of XDP or a filter at all, by rtnetlink's own messages.

source  include/uapi/linux/if_link.h (IFLA_XDP), rtnetlink.h (struct tcmsg, TCA_KIND)
"""

import struct
from typing import Final

from edgediag.host.attributes import attributes, native, nested, text
from edgediag.host.bridges import IFINFO
from edgediag.host.qdiscs import FILTERED

_QDISC: Final = struct.Struct("=B3xiIII")
_IFLA_XDP, _XDP_ATTACHED = 43, 2
_TCA_KIND: Final = 1


def qdiscs_request() -> bytes:
    """The payload of an RTM_GETQDISC dump of all devices."""
    return _QDISC.pack(0, 0, 0, 0, 0)


def has_xdp(payload: bytes) -> bool:
    """True for an RTM_NEWLINK of a device with a program of XDP."""
    found = attributes(payload[IFINFO.size :])
    return native(nested(found, _IFLA_XDP).get(_XDP_ATTACHED)) != 0


def holder_of_filters(payload: bytes) -> int | None:
    """The index of the device of an RTM_NEWQDISC that can hold filters, None for any other."""
    if len(payload) < _QDISC.size:
        return None
    kind = text(attributes(payload[_QDISC.size :]).get(_TCA_KIND))
    index: int = _QDISC.unpack_from(payload)[1]
    return index if kind in FILTERED else None
