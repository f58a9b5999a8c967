"""Read this network namespace's WireGuard devices: of the kernel, and of daemons in user space."""

import errno
import re
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from edgediag.host.wireguard import (
    KIND,
    decode_device,
    decode_family,
    device_request,
    family_request,
    merged,
)
from edgediag.host.wireguard_text import END, QUESTION, decode_answer
from edgediag.model.answer import NotChecked
from edgediag.model.host import Link
from edgediag.model.wireguard import WireguardDevice
from edgediag.net.netlink import NetlinkSocket, Refusal
from edgediag.net.socket_holders import holders

_NETLINK_GENERIC: Final = 16
_GENL_ID_CTRL: Final = 16

_TUN: Final = "tun"
_UNIX_SOCKETS: Final = Path("/proc/thread-self/net/unix")
# The inode and the path of a socket that has one (proc(5)).
_BOUND: Final = re.compile(r"^(?:\S+ +){6}(\d+) (/\S*/wireguard/([^/\s]+)\.sock)$", re.M)
_ANSWER_S: Final = 0.5
_MOST_OCTETS: Final = 4 * 1024 * 1024
_PIECE_OCTETS: Final = 65536


def read_wireguard(
    links: Iterable[Link] | NotChecked,
) -> tuple[WireguardDevice, ...] | NotChecked:
    """All WireGuard devices with their peers, those of the kernel first.

    Without a device of the kernel its family is not asked for: to ask by name would load the
    module. Daemons are asked only for tun devices that are here.

    raises  OSError as the kernel's
    """
    if isinstance(links, NotChecked):
        return links
    known = tuple(links)
    indices = [link.index for link in known if link.kind == KIND]
    names = frozenset(link.name for link in known if link.kind == _TUN)
    found = _of_kernel(indices) if indices else ()
    return (*found, *(_of_daemons(names) if names else ()))


def _of_kernel(indices: Iterable[int]) -> tuple[WireguardDevice, ...]:
    with NetlinkSocket(_NETLINK_GENERIC) as netlink:
        answer = netlink.request(_GENL_ID_CTRL, family_request())
        if isinstance(answer, Refusal):
            raise _error(answer)
        family = decode_family(answer.payload)
        return merged(part for index in indices for part in _parts(netlink, family, index))


def _parts(netlink: NetlinkSocket, family: int, index: int) -> Iterable[WireguardDevice]:
    dump = netlink.dump(family, device_request(index))
    if isinstance(dump, Refusal):
        raise _error(dump)
    return [decode_device(message.payload, time.time()) for message in dump.messages]


def _of_daemons(names: frozenset[str]) -> Iterator[WireguardDevice]:
    """The devices among the tun devices whose daemon answers.

    The socket is a file of the daemon's own, which may live in a container; the table of sockets is
    this network namespace's, as the device is.
    """
    bound = _BOUND.findall(_UNIX_SOCKETS.read_text("utf-8", "replace"))
    sockets = {inode: (path, name) for inode, path, name in bound if name in names}
    for process, inode in holders(frozenset(sockets)):
        path, name = sockets.pop(inode, ("", ""))
        answer = _ask(process / "root", path) if path else b""
        device = decode_answer(answer, name, time.time())
        if device is not None:
            yield device


def _ask(root: Path, path: str) -> bytes:
    """What the daemon answers, b"" where it does not."""
    # /var/run is a link to /run, and an absolute link leads to this process's own root.
    inside = re.sub("^/var/run/", "/run/", path)
    for name in dict.fromkeys((inside, path)):
        try:
            return _answer(f"{root}{name}")
        except OSError:
            continue
    return b""


def _answer(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
        daemon.settimeout(_ANSWER_S)
        daemon.connect(path)
        daemon.sendall(QUESTION)
        answer = bytearray()
        while not answer.endswith(END) and len(answer) < _MOST_OCTETS:
            piece = daemon.recv(_PIECE_OCTETS)
            if not piece:
                break
            answer += piece
        return bytes(answer)


def _error(refusal: Refusal) -> OSError:
    return OSError(getattr(errno, refusal.errno_name, 0), refusal.text)
