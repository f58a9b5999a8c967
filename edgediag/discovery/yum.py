"""The repositories of yum and dnf."""

import re
from collections.abc import Iterator, Mapping

_REPO_NAME = re.compile(r"[^/]+\.repo")
_SECTION = re.compile(r"\[[^\]]*\]")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_LOCATIONS = ("baseurl", "mirrorlist", "metalink")
_OFF = frozenset(("0", "no", "false", "off"))


def is_repo(name: str) -> bool:
    """Whether yum reads a file of this name."""
    return _REPO_NAME.fullmatch(name) is not None


def urls_of_repo(text: str) -> tuple[str, ...]:
    """The URLs of the enabled repositories of a .repo file, in their order.

    Variables such as $releasever stay as they are: they stand in paths, and only hosts matter.

    source  yum.conf(5) "[repository] OPTIONS"; dnf.conf(5)
    """
    enabled = (
        section
        for section in _sections(text)
        if "".join(section.get("enabled", ())).strip().lower() not in _OFF
    )
    return tuple(
        url
        for section in enabled
        for name in _LOCATIONS
        for part in section.get(name, ())
        for url in part.replace(",", " ").split()
    )


def _sections(text: str) -> Iterator[Mapping[str, list[str]]]:
    values: dict[str, list[str]] = {}
    name = ""
    for line in text.split("\n"):
        if line.startswith(("#", ";")):
            continue
        if _SECTION.match(line):
            yield values
            values, name = {}, ""
        elif line[:1] in (" ", "\t"):
            values.setdefault(name, []).append(line)
        elif (shape := _ASSIGNMENT.match(line)) is not None:
            name = shape[1].lower()
            values[name] = [shape[2]]
    yield values
