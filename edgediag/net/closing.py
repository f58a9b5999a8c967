"""What is held of the kernel only while it is entered."""

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """Something to be closed, by name or at the end of a `with`."""

    @abstractmethod
    def close(self) -> None:
        """Give back what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
