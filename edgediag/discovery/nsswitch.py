"""How programs of this host look names up: the hosts line of /etc/nsswitch.conf."""

import re

from edgediag.model.cluster import NameLookup

# Enough of a line to find it again.
MAX_SHOWN = 80

_LINE = re.compile(r"\s*hosts\s*:(.*)", re.S)
# An action that is left open reaches to the end.
_WORD = re.compile(r"\[([^\]]*)(?:\]|\Z)|([^\s\[\]]+)")
# glibc's nss_action_parse.c skips blanks on both sides.
_EQUALS = re.compile(r"\s*=\s*")


def parse_nsswitch(text: str, path: str) -> NameLookup | None:
    """The sources of the hosts line that are asked for a name, None where there is no such line.

    Of several lines the last holds. Where the hosts file is told to have the last word, what
    follows it is never asked.

    source  nsswitch.conf(5); glibc nss/nss_database.c
    """
    found = None
    for number, line in enumerate(text.split("\n"), start=1):
        shape = _LINE.fullmatch(line.partition("#")[0])
        if shape is not None:
            sources = _sources(shape[1])
            shown = " ".join(line.split())[:MAX_SHOWN]
            found = NameLookup(sources=sources, path=path, line=number, text=shown)
    return found


def _sources(text: str) -> tuple[str, ...]:
    sources: list[str] = []
    for action, source in _WORD.findall(text):
        if source:
            sources.append(source)
        elif sources[-1:] == ["files"] and _ends_unfound(action):
            break
    return tuple(sources)


def _ends_unfound(action: str) -> bool:
    """True if a name that the source before does not have is looked for no further."""
    for criterion in _EQUALS.sub("=", action.upper()).split():
        status, _, what = criterion.partition("=")
        if what == "RETURN" and (status == "NOTFOUND" or status in ("!SUCCESS", "!UNAVAIL")):
            return True
    return False
