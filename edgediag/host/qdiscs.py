"""Queueing disciplines and what they drop (RTM_NEWQDISC).

source  include/uapi/linux/pkt_sched.h, pkt_cls.h; net/sched/sch_ingress.c: a clsact discipline
        counts what the filters of its device drop
"""

from collections.abc import Mapping
from typing import Final

from edgediag.host.dumped import Dumped, inner, number, words
from edgediag.model.drops import Drop, DropCount

# TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) and the like; "ingress" disciplines use the first too.
DIRECTIONS: Final[Mapping[int, str]] = {0xFFFFFFF2: "ingress", 0xFFFFFFF3: "egress"}
FILTERED: Final = frozenset({"clsact", "ingress"})


def decode_qdisc(message: Dumped, names: Mapping[int, str]) -> DropCount | None:
    """The drops of a discipline so far, None where it has no kind or does not count.

    names  interface names by index
    """
    kind = words(message, "TCA_KIND")
    queue = inner(inner(message, "TCA_STATS2"), "TCA_STATS_QUEUE")
    if not kind or not queue:
        return None
    index = number(message, "index")
    return DropCount(
        drop=Drop.TC_FILTER if kind in FILTERED else Drop.QDISC,
        interface=names.get(index, str(index)),
        discipline=kind,
        handle=f"{number(message, 'handle') >> 16:x}:",
        count=number(queue, "drops"),
    )
