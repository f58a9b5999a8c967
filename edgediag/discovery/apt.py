"""The sources of apt, in the one-line format and in deb822."""

import re
from collections.abc import Iterator, Mapping

# apt itself reads no other names from the directory: sources.list(5).
_LIST_NAME = re.compile(r"[A-Za-z0-9_.-]+\.list")
_SOURCES_NAME = re.compile(r"[A-Za-z0-9_.-]+\.sources")
_ONE_LINE = re.compile(r"\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?([^\s\[\]#]+)")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*:(.*)")
_OFF = frozenset(("no", "false", "without", "off", "disable", "0"))


def is_main_list(name: str) -> bool:
    """Whether this is the file that apt reads beside the directory."""
    return name == "sources.list"


def is_list(name: str) -> bool:
    """Whether apt reads a file of this name in the one-line format."""
    return _LIST_NAME.fullmatch(name) is not None


def is_sources(name: str) -> bool:
    """Whether apt reads a file of this name as deb822."""
    return _SOURCES_NAME.fullmatch(name) is not None


def urls_of_list(text: str) -> tuple[str, ...]:
    """The URIs of a sources.list, in the order of its lines.

    source  sources.list(5) "One-Line-Style Format"
    """
    shapes = (_ONE_LINE.match(line) for line in text.split("\n"))
    return tuple(shape[1] for shape in shapes if shape is not None)


def urls_of_sources(text: str) -> tuple[str, ...]:
    """The URIs of the enabled stanzas of a .sources file, in their order.

    source  sources.list(5) "DEB822-Style Format"; deb822(5)
    """
    enabled = (
        stanza
        for stanza in _stanzas(text)
        if "".join(stanza.get("enabled", ())).strip().lower() not in _OFF
    )
    return tuple(
        url for stanza in enabled for part in stanza.get("uris", ()) for url in part.split()
    )


def urls_of_mirror_list(text: str) -> tuple[str, ...]:
    """The URIs of a mirror list, to which a source of scheme mirror+file points.

    source  apt-transport-mirror(1): a URI a line, metadata after it
    """
    lines = (line.partition("#")[0].split() for line in text.split("\n"))
    return tuple(words[0] for words in lines if words)


def _stanzas(text: str) -> Iterator[Mapping[str, list[str]]]:
    fields: dict[str, list[str]] = {}
    name = ""
    for line in text.split("\n"):
        if not line.strip():
            yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            fields.setdefault(name, []).append(line)
        elif (shape := _FIELD.match(line)) is not None:
            name = shape[1].lower()
            fields[name] = [shape[2]]
    yield fields
