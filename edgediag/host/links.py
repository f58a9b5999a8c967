"""Network devices (RTM_NEWLINK; rtnetlink(7), include/uapi/linux/if_link.h)."""

from typing import Final

from edgediag.host.dumped import Dumped, inner, number, words
from edgediag.model.host import Link

_IFF_UP: Final = 0x1
_IFF_LOWER_UP: Final = 0x10000
_IFF_NOARP: Final = 0x80


def decode_link(message: Dumped) -> Link | None:
    """The device of one message, or None where it has no name."""
    name, flags = words(message, "IFLA_IFNAME"), number(message, "flags")
    if not name:
        return None
    return Link(
        name=name,
        index=number(message, "index"),
        is_up=bool(flags & _IFF_UP),
        has_carrier=bool(flags & _IFF_LOWER_UP),
        mtu=number(message, "IFLA_MTU"),
        kind=words(inner(message, "IFLA_LINKINFO"), "IFLA_INFO_KIND"),
        mac=words(message, "IFLA_ADDRESS"),
        xdp_program=_xdp_program(inner(message, "IFLA_XDP")),
    )


def _xdp_program(xdp: Dumped) -> int | None:
    """The id of the attached program; with several modes at once, of the one nearest the wire."""
    names = ("PROG_ID", "HW_PROG_ID", "DRV_PROG_ID", "SKB_PROG_ID")
    found = [number(xdp, f"IFLA_XDP_{name}") for name in names]
    return next((program for program in found if program), None)
