"""Files in memory, for discovery."""

from edgediag.model.answer import NotChecked

WRITTEN_S = 1_700_000_000.0


class Files:
    """A node's files by their paths; all were written at WRITTEN_S."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def read_text(self, path: str) -> str | NotChecked:
        return self.texts.get(path, NotChecked(reason=f"cannot read {path}: no such file"))

    def list_dir(self, path: str) -> tuple[str, ...] | NotChecked:
        folder = f"{path}/"
        below = [known[len(folder) :] for known in self.texts if known.startswith(folder)]
        if not below:
            return NotChecked(reason=f"cannot list {path}: no such directory")
        return tuple(sorted({name.partition("/")[0] for name in below}))

    def modified_s(self, path: str) -> float | None:
        is_there = any(f"{known}/".startswith(f"{path}/") for known in self.texts)
        return WRITTEN_S if is_there else None
