"""Connections to services of this very host that say nothing, to see who ends them at once."""

import errno
import os
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.exchange import Door
from edgediag.net.closing import Closing, reset_on_close
from edgediag.net.families import FAMILIES

_NO_HANDSHAKE: Final = NotChecked(reason="this node's own connection to it did not come about")


class KernelVisits(Closing):
    """One connection to each door, begun as it is made; nothing is ever said on one."""

    def __init__(self, doors: Sequence[Door]) -> None:
        self._ends: dict[Door, bool | NotChecked] = {}
        self._sockets: dict[Door, socket.socket] = {}
        self._begun_s = time.monotonic()
        self._selector = selectors.DefaultSelector()
        for door in dict.fromkeys(doors):
            self._knock(door)

    def closed(self, timeout_s: float) -> Mapping[Door, bool | NotChecked]:
        """Whether each was ended by the other side before a word; waits until the time is over."""
        while self._selector.get_map():
            left_s = self._begun_s + timeout_s - time.monotonic()
            ready = self._selector.select(max(0.0, left_s))
            if not ready:
                break
            for key, _ in ready:
                self._selector.unregister(key.fileobj)
                self._ends[key.data] = _is_ended(self._sockets[key.data])
        for key in self._selector.get_map().values():
            is_standing = _is_connected(self._sockets[key.data])
            self._ends[key.data] = False if is_standing else _NO_HANDSHAKE
        return dict(self._ends)

    def close(self) -> None:
        """All connections are reset."""
        self._selector.close()
        for opened in self._sockets.values():
            opened.close()

    def _knock(self, door: Door) -> None:
        try:
            family = FAMILIES[door.address.version].address_family
            opened = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as exc:
            self._ends[door] = NotChecked(reason=f"no socket for a visit: {exc.strerror}")
            return
        self._sockets[door] = opened
        reset_on_close(opened)
        error = opened.connect_ex((str(door.address), door.port))
        if error not in (0, errno.EINPROGRESS):
            self._ends[door] = NotChecked(reason=f"it takes no visit: {os.strerror(error)}")
            return
        self._selector.register(opened, selectors.EVENT_READ, door)


def _is_ended(opened: socket.socket) -> bool | NotChecked:
    try:
        return opened.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    except OSError:
        return _NO_HANDSHAKE


def _is_connected(opened: socket.socket) -> bool:
    try:
        opened.getpeername()
    except OSError:
        return False
    return True
