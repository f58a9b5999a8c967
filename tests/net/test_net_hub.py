"""Questions to a hub, over the loopback device of this machine."""

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from edgediag.model.hub import HubClosed, HubDoor, HubSaid, HubSilent
from edgediag.net import hub
from edgediag.net.hub import ask_hub

pytestmark = pytest.mark.netns

HERE = ip_address("127.0.0.1")
REQUEST = b"GET /v1/readyz HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n"


def asked(act: Callable[[socket.socket], None]) -> tuple[HubDoor, object, bytes]:
    """Where a server was asked that does `act` once it was; what came of it, and what it read."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        door = HubDoor(address=HERE, port=server.getsockname()[1], path="/v1/readyz")

        def serve() -> None:
            taken, _ = server.accept()
            with taken:
                heard.append(taken.recv(4096))
                act(taken)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        words = ask_hub([door])
        thread.join(3.0)
    assert isinstance(words, tuple)
    return door, words[0], heard[0]


def test_a_hub_is_asked_once_and_its_answer_is_read() -> None:
    door, word, heard = asked(lambda taken: taken.sendall(b"HTTP/1.0 500 a\r\n\r\nnot ready"))
    assert word == HubSaid(door=door, status=500, text="not ready")
    assert heard == REQUEST % door.port


def test_what_is_no_http_is_closed_without_an_answer() -> None:
    door, word, _ = asked(lambda taken: taken.sendall(b"SSH-2.0-x\r\n"))
    assert word == HubClosed(door=door, is_refused=False)


def test_who_never_stops_is_cut_off() -> None:
    door, word, _ = asked(lambda taken: taken.sendall(b"HTTP/1.0 200 a\r\n\r\n" + b"b" * 100_000))
    assert word == HubSaid(door=door, status=200, text="b" * 200)


def test_silence_and_an_answer_that_nobody_ends_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "DEADLINE_S", 0.3)
    door, word, _ = asked(lambda taken: threading.Event().wait(0.6) and None)
    assert word == HubSilent(door=door, waited_s=0.3)

    def answer_and_stay(taken: socket.socket) -> None:
        taken.sendall(b"HTTP/1.0 200 a\r\n\r\nOK")
        threading.Event().wait(0.6)

    door, word, _ = asked(answer_and_stay)
    assert word == HubSaid(door=door, status=200, text="OK")


def test_where_nobody_listens_it_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        door = HubDoor(address=HERE, port=server.getsockname()[1], path="/v1/healthz")
    assert ask_hub([door]) == (HubClosed(door=door, is_refused=True),)
