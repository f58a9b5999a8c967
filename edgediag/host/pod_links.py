"""Which namespace the other end of a bridge's port is in (rtnetlink(7)).

source  include/uapi/linux/if_link.h (IFLA_LINK_NETNSID), net_namespace.h (NETNSA_*)
"""

import struct
from typing import Final

from edgediag.host.attributes import attributes, native, native32
from edgediag.host.bridges import IFINFO

_RTGEN: Final = struct.Struct("=B3x")
_MASTER, _LINK_NETNSID = 10, 37
_NSID, _FD = 1, 3
_NO_ID: Final = 0xFFFFFFFF
_ID_OCTETS: Final = 4


def far_namespace(payload: bytes, bridge: int) -> int | None:
    """The id of the namespace with the other end of a bridge's port, None for other devices.

    payload  of an RTM_NEWLINK
    bridge   the bridge's index
    """
    if len(payload) < IFINFO.size:
        return None
    found = attributes(payload[IFINFO.size :])
    if native(found.get(_MASTER)) != bridge:
        return None
    return _id(found.get(_LINK_NETNSID))


def namespace_id_request(descriptor: int) -> bytes:
    """The payload of an RTM_GETNSID for the namespace behind a descriptor."""
    return _RTGEN.pack(0) + native32(_FD, descriptor)


def decode_namespace_id(payload: bytes) -> int | None:
    """The id in the answer, None where this namespace has none for it."""
    return _id(attributes(payload[_RTGEN.size :]).get(_NSID))


def _id(octets: bytes | None) -> int | None:
    if octets is None or len(octets) != _ID_OCTETS:
        return None
    number = native(octets)
    return None if number == _NO_ID else number
