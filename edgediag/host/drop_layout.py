"""Where the running kernel keeps what is asked of a packet that it drops."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.host.btf import Btf, offset_of

_MEMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "head": ("sk_buff", "head"),
    "network_header": ("sk_buff", "network_header"),
    "device": ("sk_buff", "dev"),
    "socket": ("sk_buff", "sk"),
    "length": ("sk_buff", "len"),
    "mark": ("sk_buff", "mark"),
    "device_index": ("net_device", "ifindex"),
    "device_namespace": ("net_device", "nd_net"),
    "socket_namespace": ("sock_common", "skc_net"),
    "namespace_number": ("ns_common", "inum"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Offsets in octets.

    device_namespace, socket_namespace  of the pointer to the network namespace
    namespace_number  of its inode number
    """

    head: int
    network_header: int
    device: int
    socket: int
    length: int
    mark: int
    device_index: int
    device_namespace: int
    socket_namespace: int
    namespace_number: int


def layout_of(btf: Btf) -> Layout | None:
    """The layout by the kernel's own description, None where it lacks one of them."""
    found = {name: offset_of(btf, *where) for name, where in _MEMBERS.items()}
    socket, number = offset_of(btf, "sock", "__sk_common"), offset_of(btf, "net", "ns")
    if socket is None or number is None:
        return None
    known = {name: offset for name, offset in found.items() if offset is not None}
    if len(known) < len(found):
        return None
    known["socket_namespace"] += socket
    known["namespace_number"] += number
    return Layout(**known)
