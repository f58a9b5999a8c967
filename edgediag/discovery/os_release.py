"""Which operating system the node runs, from os-release."""

import re

PATHS = ("/etc/os-release", "/usr/lib/os-release")
"""In the order of os-release(5): the second counts only where the first is missing."""

_ASSIGNMENT = re.compile(r"(ID|VERSION_ID)=([\"']?)([a-z0-9._-]{1,64})\2[ \t\r]*", re.IGNORECASE)


def parse_os_release(text: str) -> str | None:
    """The system's id and version such as "ubuntu 22.04", or None where the file has no ID.

    source  os-release(5): shell-compatible assignments, the last one of a name counts
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        shape = _ASSIGNMENT.fullmatch(line)
        if shape is not None:
            found[shape[1]] = shape[3]
    if "ID" not in found:
        return None
    return " ".join(found[name] for name in ("ID", "VERSION_ID") if name in found)
