"""Connection tracking's own counters, from ctnetlink's messages.

source  include/uapi/linux/netfilter/nfnetlink_conntrack.h (CTA_STATS_*)
"""

from collections.abc import Iterable
from typing import Final

from edgediag.host.attributes import attributes, big
from edgediag.model.host import Drop, DropCount

_NFGENMSG_OCTETS: Final = 4
# Of packets that it cannot track, and of those that it cannot enter into its table in the end.
_INSERT_FAILED, _DROP = 9, 10


def decode_drops(payloads: Iterable[bytes]) -> DropCount | None:
    """The packets that connection tracking dropped itself, None without a counter.

    payloads  one message of each CPU
    """
    counted = [attributes(payload[_NFGENMSG_OCTETS:]) for payload in payloads]
    known = [each for each in counted if _DROP in each]
    if not known:
        return None
    total = sum(big(each.get(type_)) for each in known for type_ in (_INSERT_FAILED, _DROP))
    return DropCount(
        drop=Drop.CONNTRACK, interface="", discipline="", handle="", count=total
    )
