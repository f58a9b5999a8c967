"""Matches by who on this host sends or receives: owner, socket, cgroup, cpu.

source  include/uapi/linux/netfilter/xt_owner.h, xt_socket.h, xt_cgroup.h, xt_cpu.h
"""

import struct
from typing import Final

from edgediag.host.attributes import native
from edgediag.host.netfilter.xt.option import Blob, Decoders, flagged, joined, named, option, span

_OWNER: Final = struct.Struct("=IIIIBB")
_UID, _GID, _SOCKET, _GROUPS = 1, 2, 4, 8
_NUMBERS: Final = struct.Struct("=II")
_OCTET: Final = struct.Struct("=B")
_SOCKET_FLAGS: Final = {1: "--transparent", 2: "--nowildcard", 4: "--restore-skmark"}
# Path and class of a control group stand beside each other, and in revision 2 in one place.
_CGROUP: Final = {1: struct.Struct("=BBBB4096s4s"), 2: struct.Struct("=BBBB512s")}


def _owner(blob: Blob) -> str:
    uid, last_uid, gid, last_gid, asked, inverted = blob.numbers(_OWNER)
    options = {
        _UID: option("--uid-owner", span(uid, last_uid, "-"), inverted & _UID),
        _GID: option("--gid-owner", span(gid, last_gid, "-"), inverted & _GID),
        _SOCKET: option("--socket-exists", "", inverted & _SOCKET),
        _GROUPS: option("--suppl-groups", "", inverted & _GROUPS),
    }
    return joined(flagged(asked, options))


def _socket(blob: Blob) -> str:
    if not blob.revision:
        return ""
    (flags,) = blob.numbers(_OCTET)
    return joined(flagged(flags, _SOCKET_FLAGS))


def _cgroup(blob: Blob) -> str:
    if not blob.revision:
        number, inverted = blob.numbers(_NUMBERS)
        return option("--cgroup", number, inverted)
    has_path, has_class, path_inverted, class_inverted, *places = blob.numbers(
        _CGROUP[blob.revision]
    )
    return joined(
        (
            option("--path", named(places[0]), path_inverted) if has_path else "",
            option("--cgroup", native(places[-1][:4]), class_inverted) if has_class else "",
        )
    )


def _cpu(blob: Blob) -> str:
    number, inverted = blob.numbers(_NUMBERS)
    return option("--cpu", number, inverted)


MATCHES: Final[Decoders] = {
    **{("cgroup", revision): _cgroup for revision in (0, 1, 2)},
    **{("socket", revision): _socket for revision in (0, 1, 2, 3)},
    ("cpu", 0): _cpu,
    ("owner", 1): _owner,
}
