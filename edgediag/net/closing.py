"""What is held of the kernel only while it is entered."""

import socket
import struct
from abc import ABC, abstractmethod
from typing import Final, Self

# struct linger: on, for no time at all.
_RESET: Final = struct.pack("@ii", 1, 0)


class Closing(ABC):
    """Something to be closed, by name or at the end of a `with`."""

    @abstractmethod
    def close(self) -> None:
        """Give back what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def reset_on_close(opened: socket.socket) -> None:
    """Closing the connection resets it: no TIME_WAIT is left, and nothing that repeats a FIN."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
