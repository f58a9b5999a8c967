"""How a fault reaches a service: one JSON line each way over a Unix socket of the node."""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from edgediag.errors import CannotRunError

TIMEOUT_S = 3.0
MAX_LINE_OCTETS = 65_536


def ask(path: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """The mode of every service of the node by name, after the changes were made.

    changes  the new mode of each service to change, may be empty
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.connect(str(path))
            sock.sendall(json.dumps(dict(changes)).encode() + b"\n")
            with sock.makefile("rb") as lines:
                reply = json.loads(lines.readline(MAX_LINE_OCTETS))
    except (OSError, ValueError) as exc:
        message = f"cannot reach the lab's services at {path}: {exc}; lab down, lab up"
        raise CannotRunError(message) from exc
    return {str(name): str(mode) for name, mode in reply.items()}


async def listen(
    path: Path, change: Callable[[Mapping[str, str]], dict[str, str]]
) -> asyncio.AbstractServer:
    """Requests are answered by `change` from now on, as long as the server is kept."""

    async def on_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            reply = change(json.loads(await reader.readline()))
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        finally:
            writer.close()

    path.unlink(missing_ok=True)
    return await asyncio.start_unix_server(on_client, str(path))
