"""The kernel's drops as its trace file tells them: without the packet, and so without an owner.

source  include/trace/events/skb.h, kfree_skb; Documentation/trace/ftrace.rst
"""

import re
from typing import Final

from edgediag.model.drops import ProcessDrop

# More than a process makes in the time that a trace takes.
MAX_OCTETS: Final = 256 * 1024
MAX_KINDS: Final = 16

# Before Linux 5.17 the line has no reason, and before 6.2 a hashed address for a location. Behind a
# function of a module stands the module (kernel/kallsyms.c, sprint_symbol).
_LINE: Final = re.compile(
    r": kfree_skb: .*\bprotocol=2048 location=(?P<location>\S+)(?: \[\w{1,64}\])?"
    r" reason: (?P<reason>\w{1,64})$"
)
_FUNCTION: Final = re.compile(r"([A-Za-z_]\w{0,511})[.\w]*\+0x")


def decode_drops(text: str) -> tuple[ProcessDrop, ...]:
    """The drops of IPv4 packets that a trace file tells of, each kind once, in their order."""
    matches = (_LINE.search(line) for line in text[:MAX_OCTETS].splitlines())
    found = (
        ProcessDrop(reason=match["reason"], location=_function(match["location"]))
        for match in matches
        if match is not None
    )
    return tuple(dict.fromkeys(found))[:MAX_KINDS]


def _function(location: str) -> str:
    match = _FUNCTION.match(location)
    return match[1] if match else ""
