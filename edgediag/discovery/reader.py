"""How discovery reads the node's files; `edgediag.net.files` does it for real."""

from typing import Protocol

from edgediag.model.answer import NotChecked


class Reader(Protocol):
    """The node's files, bounded in size, by absolute path as the node itself names them."""

    def read_text(self, path: str) -> str | NotChecked:
        """The text of a regular file, or why it cannot be had."""

    def list_dir(self, path: str) -> tuple[str, ...] | NotChecked:
        """The names in a directory in ascending order, or why they cannot be had."""

    def modified_s(self, path: str) -> float | NotChecked | None:
        """When the file was written, in seconds since the epoch; None where there is none."""
