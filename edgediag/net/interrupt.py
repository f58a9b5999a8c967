"""Ctrl-C as a wish that the run ends soon, with what it has."""

import signal
from contextlib import ExitStack
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While entered, the first SIGINT or SIGTERM is only noted; a second one ends the process.

    Nothing is lost by the first: the run stops waiting and writes the evidence so far.
    """

    def __init__(self) -> None:
        self._is_wanted = False
        self._undo = ExitStack()

    def is_wanted(self) -> bool:
        """True once somebody asked for the end."""
        return self._is_wanted

    def __enter__(self) -> "Interrupt":
        for number in _SIGNALS:
            self._undo.callback(signal.signal, number, signal.signal(number, self._note))
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._is_wanted:
            raise KeyboardInterrupt
        self._is_wanted = True
