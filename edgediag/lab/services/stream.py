"""Listening sockets of one service: each connection is a conversation in the event loop."""

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Mapping

from edgediag.lab.services import dns, web
from edgediag.lab.services.catalog import ZONE, ZONE_6, Kind, Mode
from edgediag.lab.services.datagram import bound_socket

BACKLOG = 512
CONVERSATION_S = 60.0
LENGTH = struct.Struct("!H")
# socket(7): linger for no time at all, so that closing discards what is unsent and resets.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# A frame of no setting, with which a server of HTTP/2 begins (RFC 9113 §3.4, §6.5).
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
UNSPOKEN = frozenset({Mode.MUTE, Mode.RESET})


def open_stream(
    kind: Kind, mode: Mode, address: str, port: int, *, tls: Mapping[Mode, ssl.SSLContext]
) -> socket.socket:
    """A listening socket whose connections are served in the given mode until it is closed.

    tls  for the modes in which the service speaks TLS, none where it never does
    """
    listener = bound_socket(socket.SOCK_STREAM, address, port)
    listener.listen(BACKLOG)
    loop = asyncio.get_running_loop()
    # The loop keeps weak references to tasks only.
    conversations: set[asyncio.Task[None]] = set()

    def on_connection() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            # Reset before it was accepted, as a polite SYN probe does.
            return
        task = loop.create_task(_serve(connection, kind, mode, tls))
        conversations.add(task)
        task.add_done_callback(conversations.discard)

    loop.add_reader(listener, on_connection)
    return listener


async def _serve(
    connection: socket.socket, kind: Kind, mode: Mode, tls: Mapping[Mode, ssl.SSLContext]
) -> None:
    if mode is Mode.CLOSE:
        # Of close() alone nothing but a reset is seen where octets have come in by then.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        connection.close()
        return
    try:
        connection.setblocking(False)
        if mode is Mode.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        context = tls.get(mode)
        reader, writer = await _streams(connection, context)
        await asyncio.wait_for(_converse(reader, writer, kind, mode), CONVERSATION_S)
        writer.close()
    except (OSError, EOFError, asyncio.TimeoutError):
        # The client's business: it went away, spoke something else, or said nothing.
        connection.close()


async def _streams(
    connection: socket.socket, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=tls)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: Kind, mode: Mode
) -> None:
    if kind is Kind.DNS and mode is not Mode.SILENT:
        await _converse_dns(reader, writer, mode)
        return
    if kind is Kind.HTTP2 and mode not in (*UNSPOKEN, Mode.NO_HTTP2):
        writer.write(SETTINGS)
        await writer.drain()
    elif kind in (Kind.TLS, Kind.HTTP2, Kind.HTTP) and mode not in UNSPOKEN:
        await _converse_http(reader, writer, mode)
        return
    if mode is Mode.RESET:
        await reader.read(1)
        return
    while await reader.read(4096):
        # Silent, mute, or a port that only has to be open: listen until the client leaves.
        continue


async def _converse_dns(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mode: Mode
) -> None:
    """Messages behind a length of two octets (RFC 1035 §4.2.2)."""
    while True:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        reply = dns.answer_over_tcp(await reader.readexactly(length), mode, ZONE, ZONE_6)
        if reply is None:
            return
        writer.write(LENGTH.pack(len(reply)) + reply)
        await writer.drain()


async def _converse_http(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mode: Mode
) -> None:
    request = b""
    while octets := await reader.read(4096):
        request += octets
        reply = web.answer(request, mode, time.time())
        if reply is not None:
            writer.write(reply)
            await writer.drain()
            return
