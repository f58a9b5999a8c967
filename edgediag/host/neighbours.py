"""The neighbour table (RTM_NEWNEIGH; rtnetlink(7), include/uapi/linux/neighbour.h)."""

from collections.abc import Mapping
from typing import Final

from edgediag.host.dumped import Dumped, address, number, words
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import NextHop
from edgediag.model.host import Link, Neighbour, NeighbourState

_STATES: Final = {
    0x00: NeighbourState.NONE,
    0x01: NeighbourState.INCOMPLETE,
    0x02: NeighbourState.REACHABLE,
    0x04: NeighbourState.STALE,
    0x08: NeighbourState.DELAY,
    0x10: NeighbourState.PROBE,
    0x20: NeighbourState.FAILED,
    0x40: NeighbourState.NOARP,
    0x80: NeighbourState.PERMANENT,
}
# NUD_VALID: the kernel itself would send a frame with what the entry says.
USABLE: Final = frozenset(
    {
        NeighbourState.REACHABLE,
        NeighbourState.STALE,
        NeighbourState.DELAY,
        NeighbourState.PROBE,
        NeighbourState.PERMANENT,
    }
)


def decode_neighbour(message: Dumped, names: Mapping[int, str]) -> Neighbour | None:
    """The entry of one message, or None where it has no address or an unknown state.

    names  interface names by index
    """
    target, state = address(message, "NDA_DST"), _STATES.get(number(message, "state"))
    if target is None or state is None:
        return None
    index = number(message, "ifindex")
    return Neighbour(
        interface=names.get(index, str(index)),
        address=target,
        mac=words(message, "NDA_LLADDR"),
        state=state,
    )


def next_hop(link: Link, neighbour: Neighbour) -> NextHop | NotChecked:
    """Where a frame to the neighbour goes, or why no frame can be addressed to it."""
    if neighbour.state not in USABLE or not neighbour.mac:
        state = neighbour.state.value
        return NotChecked(reason=f"neighbour {neighbour.address} on {link.name} is {state}")
    if not link.mac:
        return NotChecked(reason=f"{link.name} has no link-layer address")
    return NextHop(interface=link.name, source_mac=link.mac, destination_mac=neighbour.mac)
