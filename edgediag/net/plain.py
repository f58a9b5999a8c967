"""pyroute2's messages as plain names and values."""

import socket
from collections.abc import Iterable, Mapping

from edgediag.host.dumped import Dumped


def interface_names() -> dict[int, str]:
    """The name of every interface by its index, as it is now."""
    return dict(socket.if_nameindex())


def plain_all(messages: Iterable[object]) -> list[Dumped]:
    """Each message with its fields and its attributes alike."""
    return [plain(message) for message in messages]


def plain(message: object) -> Dumped:
    """A message's fields and attributes by name; attributes that hold others are mappings too."""
    if not isinstance(message, Mapping):
        return {}
    found = {name: value for name, value in message.items() if name != "attrs"}
    for name, value in message.get("attrs", ()):
        found[name] = plain(value) if isinstance(value, Mapping) else value
    return found
