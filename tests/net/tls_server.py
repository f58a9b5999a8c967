"""Servers of this process to shake hands with: they accept one connection after another."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

Talk: TypeAlias = Callable[[socket.socket], None]
"""What is done with a connection that was accepted; the other end may end it at any time."""


def tls_context(chain: Path, key: Path) -> ssl.SSLContext:
    """A server's, which shows these certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Somebody whose kernel accepts, and who says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@contextmanager
def accepting(talk: Talk, *, timeout_s: float) -> Iterator[int]:
    """Somebody who talks on each connection; the port where it listens.

    timeout_s  how long it waits for a word
    """
    with listening() as listener:
        serve = threading.Thread(target=_serve, args=(listener, talk, timeout_s), daemon=True)
        serve.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # close(2) would not wake a thread that sits in accept(2), and the port would stay.
            listener.shutdown(socket.SHUT_RDWR)
            serve.join()


def _serve(listener: socket.socket, talk: Talk, timeout_s: float) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(timeout_s)
        with suppress(OSError), connection:
            talk(connection)
