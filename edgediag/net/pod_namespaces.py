"""The network namespace of a pod, by the kernel's own word on who is behind a port of a bridge.

A name of a namespace says nothing of whose it is: those of other bridges stand beside it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Final

from edgediag.host.pod_links import decode_namespace_id, far_namespace, namespace_id_request
from edgediag.net.netlink import NETLINK_ROUTE, NetlinkSocket, Refusal

_RTM_GETLINK, _RTM_GETNSID = 18, 90
_LINK_REQUEST: Final = bytes(16)
# A node has some hundred pods; each has a handful of processes.
_MOST_CANDIDATES: Final = 8192


def pod_behind(bridge: int) -> int | None:
    """A descriptor of the namespace of a pod on a bridge, None where none can be found.

    bridge  its index in the namespace of the caller
    raises  OSError where no netlink socket can be had
    """
    with NetlinkSocket(NETLINK_ROUTE) as netlink:
        dump = netlink.dump(_RTM_GETLINK, _LINK_REQUEST)
        if isinstance(dump, Refusal):
            return None
        far = {far_namespace(message.payload, bridge) for message in dump.messages} - {None}
        if not far:
            return None
        for path in islice(_candidates(), _MOST_CANDIDATES):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                answer = netlink.request(_RTM_GETNSID, namespace_id_request(descriptor))
                if not isinstance(answer, Refusal) and decode_namespace_id(answer.payload) in far:
                    return descriptor
                os.close(descriptor)
    return None


def _candidates() -> Iterator[Path]:
    """Files that stand for network namespaces, each namespace once."""
    seen: set[int] = set()
    named, processes = Path("/run/netns"), Path("/proc")
    by_name = _below(named, lambda name: True, "")
    for path in chain(by_name, _below(processes, str.isdigit, "ns/net")):
        with suppress(OSError):
            inode = path.stat().st_ino
            if inode not in seen:
                seen.add(inode)
                yield path


def _below(folder: Path, is_wanted: Callable[[str], bool], rest: str) -> Iterator[Path]:
    with suppress(OSError):
        yield from (folder / name / rest for name in os.listdir(folder) if is_wanted(name))
