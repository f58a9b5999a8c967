"""A file as a source of facts: its text with its time, or why there is none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from edgediag.discovery.document import parse_documents
from edgediag.discovery.reader import Reader
from edgediag.model.answer import NotChecked
from edgediag.model.gateway import Gateway
from edgediag.model.statement import Gap, Statement

_YEAR_10000_S = 253_402_300_800

Said: TypeAlias = Statement | Gateway | Gap
"""What a source can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that was read."""

    path: str
    text: str
    written_s: float | None

    def states(self, name: str, value: str, where: str) -> Statement:
        """The statement of a fact at a place of this file."""
        return Statement(
            name=name, node="", value=value, path=self.path, where=where, written_s=self.written_s
        )


def read_source(reader: Reader, path: str) -> SourceFile | Gap:
    """The file, or the gap it leaves."""
    modified_s = reader.modified_s(path)
    if modified_s is None:
        return Gap(reason=path, is_missing=True)
    if isinstance(modified_s, NotChecked):
        return Gap(reason=modified_s.reason, is_missing=False)
    text = reader.read_text(path)
    if isinstance(text, NotChecked):
        return Gap(reason=text.reason, is_missing=False)
    return SourceFile(path=path, text=text, written_s=written_s(reader, path))


def written_s(reader: Reader, path: str) -> float | None:
    """When the file was written, None where that is not known or no year of ours."""
    modified_s = reader.modified_s(path)
    if not isinstance(modified_s, float) or not 0 <= modified_s < _YEAR_10000_S:
        return None
    return modified_s


def names_in(reader: Reader, path: str, limit: int) -> tuple[tuple[str, ...], tuple[Gap, ...]]:
    """The first names in a directory, and the gap where there are none or more of them."""
    modified_s = reader.modified_s(path)
    if modified_s is None:
        return (), (Gap(reason=path, is_missing=True),)
    names = reader.list_dir(path)
    if isinstance(names, NotChecked):
        return (), (Gap(reason=names.reason, is_missing=False),)
    gap = Gap(reason=f"{path}: only {limit} of {len(names)} files are read", is_missing=False)
    return names[:limit], (gap,) if len(names) > limit else ()


def said_by_documents(
    reader: Reader, path: str, say: Callable[[SourceFile, object], Iterator[Said]]
) -> Iterator[Said]:
    """What the documents of a JSON or YAML file say."""
    file = read_source(reader, path)
    if isinstance(file, Gap):
        yield file
        return
    yield from said_by(file, say)


def said_by(
    file: SourceFile,
    say: Callable[[SourceFile, object], Iterator[Said]],
    parse: Callable[[str], tuple[object, ...] | NotChecked] = parse_documents,
) -> Iterator[Said]:
    """What the documents of a file that is read already say."""
    documents = parse(file.text)
    if isinstance(documents, NotChecked):
        yield Gap(reason=f"cannot use {file.path}: {documents.reason}", is_missing=False)
        return
    for document in documents:
        yield from say(file, document)
