"""Questions to the hub of this very node: one request on each connection, all at once.

Nothing leaves the loopback device, and every connection is reset when it is done.
"""

import errno
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.hub import HubClosed, HubDoor, HubSaid, HubSilent, HubWord
from edgediag.net.closing import reset_on_close
from edgediag.net.families import FAMILIES
from edgediag.wire.http_answer import MAX_ANSWER_OCTETS, decode_answer

# The kubelet gives a hub that is a pod one second for the same question, three times in a row.
DEADLINE_S: Final = 2.0


@dataclass(slots=True)
class _Question:
    """One connection: what is left to send on it, and what has come."""

    door: HubDoor
    opened: socket.socket
    left: bytes
    came: bytes = b""

    def advance(self) -> HubWord | None:
        """What came of it, None while more is to be waited for."""
        try:
            if self.left:
                self.left = self.left[self.opened.send(self.left) :]
                return None
            octets = self.opened.recv(MAX_ANSWER_OCTETS)
        except BlockingIOError:
            return None
        except OSError as exc:
            is_refused = exc.errno == errno.ECONNREFUSED
            return _word(self) or HubClosed(door=self.door, is_refused=is_refused)
        self.came += octets
        if octets and len(self.came) < MAX_ANSWER_OCTETS:
            return None
        return _word(self) or HubClosed(door=self.door, is_refused=False)


def ask_hub(doors: Sequence[HubDoor]) -> tuple[HubWord, ...] | NotChecked:
    """What came of each question, in their order; at most DEADLINE_S passes for all."""
    begun_s = time.monotonic()
    words: dict[HubDoor, HubWord] = {}
    with ExitStack() as undo:
        selector = undo.enter_context(selectors.DefaultSelector())
        try:
            questions = [_asked(undo, door) for door in doors]
        except OSError as exc:
            return NotChecked(reason=f"no socket for the hub: {exc.strerror}")
        for question in questions:
            selector.register(question.opened, selectors.EVENT_WRITE, question)
        while selector.get_map() and (left_s := begun_s + DEADLINE_S - time.monotonic()) > 0:
            for key, _ in selector.select(left_s):
                _advance(selector, key.data, words)
        return tuple(words.get(question.door) or _unended(question) for question in questions)


def _asked(undo: ExitStack, door: HubDoor) -> _Question:
    family = FAMILIES[door.address.version].address_family
    opened = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    undo.callback(opened.close)
    reset_on_close(opened)
    # How it ends shows when the socket is written to.
    opened.connect_ex((str(door.address), door.port))
    return _Question(door, opened, _request(door))


def _request(door: HubDoor) -> bytes:
    lines = (f"GET {door.path} HTTP/1.0", f"Host: {door.address}:{door.port}", "", "")
    return "\r\n".join(lines).encode("ascii")


def _advance(
    selector: selectors.BaseSelector, question: _Question, words: dict[HubDoor, HubWord]
) -> None:
    word = question.advance()
    if word is not None:
        words[question.door] = word
        selector.unregister(question.opened)
    elif not question.left:
        selector.modify(question.opened, selectors.EVENT_READ, question)


def _word(question: _Question) -> HubSaid | None:
    said = decode_answer(question.came)
    return said and HubSaid(door=question.door, status=said[0], text=said[1])


def _unended(question: _Question) -> HubWord:
    """An answer that nobody closed is one all the same."""
    return _word(question) or HubSilent(door=question.door, waited_s=DEADLINE_S)
