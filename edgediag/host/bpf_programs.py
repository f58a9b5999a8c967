"""What bpf(2) tells of programs that are attached, as values.

A shorter answer is an older kernel's; what it has not filled is zero there.

source  include/uapi/linux/bpf.h: struct bpf_prog_info, struct bpf_link_info, enum bpf_attach_type
"""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgediag.host.dumped import Dumped, inner, number
from edgediag.model.culprit import XdpProgramObject
from edgediag.model.program import NetfilterProgram

# Octets asked for: all that is read below, whatever else the kernel knows.
PROGRAM_INFO_OCTETS: Final = 80
LINK_INFO_OCTETS: Final = 32
_NAME: Final = slice(64, 80)
_LINK: Final = struct.Struct("=IIIIIIi")
_NETFILTER_LINK: Final = 10

# Those that can keep a packet or a connection from its way; names as bpftool(8) has them.
CGROUP_ATTACHMENTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "ingress",
        1: "egress",
        2: "sock_create",
        8: "bind4",
        9: "bind6",
        10: "connect4",
        11: "connect6",
        12: "post_bind4",
        13: "post_bind6",
        14: "sendmsg4",
        15: "sendmsg6",
        19: "recvmsg4",
        20: "recvmsg6",
    }
)
TCX_ATTACHMENTS: Final[Mapping[int, str]] = MappingProxyType({46: "ingress", 47: "egress"})

# A device may have one in each mode at once; nearest the wire first (IFLA_XDP_*).
_XDP_MODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "IFLA_XDP_HW_PROG_ID": "offloaded",
        "IFLA_XDP_DRV_PROG_ID": "native",
        "IFLA_XDP_SKB_PROG_ID": "generic",
    }
)
_FAMILIES: Final[Mapping[int, str]] = MappingProxyType({2: "ip", 10: "ip6"})
_HOOKS: Final = ("prerouting", "input", "forward", "output", "postrouting")


def decode_name(info: bytes) -> str:
    """The name of a program, "" where it has none."""
    return info[_NAME].partition(b"\0")[0].decode("ascii", errors="backslashreplace")


def decode_netfilter_link(info: bytes, name: str) -> NetfilterProgram | None:
    """A program on a hook of netfilter, None for a link of another type."""
    if len(info) < _LINK.size:
        return None
    type_, _, program, _, family, hook, priority = _LINK.unpack_from(info)
    if type_ != _NETFILTER_LINK:
        return None
    return NetfilterProgram(
        program=program,
        name=name,
        family=_FAMILIES.get(family, str(family)),
        hook=_HOOKS[hook] if hook < len(_HOOKS) else str(hook),
        priority=priority,
    )


def decode_ids(octets: bytes, count: int) -> tuple[int, ...]:
    """The ids that the kernel wrote, in the order in which the programs run."""
    most = min(max(count, 0), len(octets) // 4)
    return struct.unpack_from(f"={most}I", octets)


def decode_xdp(message: Dumped, interface: str) -> tuple[XdpProgramObject, ...]:
    """The XDP programs in a device's message, without their names, nearest the wire first."""
    xdp = inner(message, "IFLA_XDP")
    found = ((number(xdp, key), mode) for key, mode in _XDP_MODES.items())
    return tuple(
        XdpProgramObject(interface=interface, program=program, name="", mode=mode)
        for program, mode in found
        if program
    )
