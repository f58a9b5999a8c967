"""Connection tracking's own counters, from /proc/net/stat/nf_conntrack.

source  net/netfilter/nf_conntrack_standalone.c, ct_cpu_seq_show; nf_conntrack_core.c
"""

from typing import Final

from edgediag.model.host import Drop, DropCount

_DROP: Final = "drop"
# A table that is full, a clash that nothing resolves; and since Linux 5.15 a chain that is too
# long. Not `insert_failed`: it counts those beside, and before Linux 5.10 also clashes that were
# resolved, whose packets went on, as of two questions that a resolver asks at once.
_COLUMNS: Final = (_DROP, "chainlength")


def decode_drops(text: str) -> DropCount | None:
    """The packets that connection tracking dropped itself, None without a counter.

    text  a line of names, then a line of hexadecimal numbers for each CPU
    """
    names, *rows = [line.split() for line in text.splitlines()] or [[]]
    if _DROP not in names:
        return None
    counted = [dict(zip(names, row)) for row in rows]
    total = sum(_number(each.get(name, "")) for each in counted for name in _COLUMNS)
    return DropCount(
        drop=Drop.CONNTRACK, interface="", discipline="", handle="", count=total
    )


def _number(word: str) -> int:
    try:
        return int(word, 16)
    except ValueError:
        return 0
