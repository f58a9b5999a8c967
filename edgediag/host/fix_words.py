"""The words of a fix: one command of a program that changes the network, run without a shell.

What a word may do besides is kept away by the sandbox that runs it (`edgediag.net.shadow`); here
it is said early and in plain words.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edgediag.host.clone.handles import Handles, Place
from edgediag.host.clone.nft import Kind
from edgediag.host.clone.sysctls import is_of_the_host
from edgediag.host.netfilter.rule import FAMILY_NUMBERS

_TABLES: Final = (
    "iptables",
    "ip6tables",
    "iptables-nft",
    "ip6tables-nft",
    "iptables-legacy",
    "ip6tables-legacy",
    "arptables-legacy",
)
PROGRAMS: Final = ("nft", *_TABLES, "ipset", "ip", "sysctl")
_MOST_OCTETS: Final = 4096

_IP_OBJECTS: Final = ("address", "link", "route", "rule", "neighbor", "neighbour")
_IP_SHORT: Final = frozenset({"a", "l", "r", "ro", "ru", "n"})
_SYSCTL_OPTION: Final = re.compile(r"-[wq]+|--write|--quiet")
_SYSCTL_KEY: Final = re.compile(r"net[./][\w./:@-]+")
_NUMBER: Final = re.compile(r"-\d+")
_OBJECTS: Final = (
    "counter",
    "quota",
    "limit",
    "secmark",
    "synproxy",
    "ct helper",
    "ct timeout",
    "ct expectation",
)
_KINDS: Final[Mapping[str, Kind]] = {
    "table": Kind.TABLE,
    "chain": Kind.CHAIN,
    "set": Kind.SET,
    "map": Kind.SET,
    "meter": Kind.SET,
    "flowtable": Kind.FLOWTABLE,
    **{words: Kind.OBJECT for words in _OBJECTS},
}
_FAMILY: Final = rf"(?:(?P<family>{'|'.join(FAMILY_NUMBERS)})\s+)?"
_RULE: Final = re.compile(
    rf"\brule\s+{_FAMILY}(?P<table>\S+)\s+(?P<chain>\S+)\s+(?:handle|position)\s+(?P<handle>\d+)"
)
_OBJECT: Final = re.compile(
    rf"\b(?P<kind>{'|'.join(_KINDS)})\s+{_FAMILY}(?:(?P<table>\S+)\s+)?handle\s+(?P<handle>\d+)"
)
_ANY_HANDLE: Final = re.compile(r"\b(?:handle|position)\s+\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A command: what was typed, its program and the words behind it."""

    text: str
    program: str
    words: tuple[str, ...]


def parse_fix(text: str) -> Fix | str:
    """The command in a text, or why it cannot be rehearsed."""
    if len(text) > _MOST_OCTETS or "\0" in text:
        return f"it has more than {_MOST_OCTETS} characters, or a NUL"
    try:
        program, *words = shlex.split(text) or [""]
    except ValueError as error:
        return f"it cannot be split into words: {error}"
    if program not in PROGRAMS:
        return "it is a command of another program"
    reason = _CHECKS.get(program, _tables_refused)(words)
    return reason or Fix(text=text, program=program, words=tuple(words))


def translated(fix: Fix, handles: Handles) -> Fix | str:
    """The fix with the handles of this host put in those of the copy, or which it has not."""
    if fix.program != "nft":
        return fix
    unknown: list[str] = []

    def new(match: re.Match[str]) -> str:
        place = _place(match)
        number = handles.copied.get(place, {}).get(int(match["handle"]))
        if number is None:
            unknown.append(match[0])
            return match[0]
        begin, end = (at - match.start() for at in match.span("handle"))
        return f"{match[0][:begin]}{number}{match[0][end:]}"

    sentence = " ".join(fix.words)
    replaced, of_rules = _RULE.subn(new, sentence)
    replaced, of_objects = _OBJECT.subn(new, replaced)
    if unknown:
        return f"this host has no {unknown[0]}"
    if of_rules + of_objects != len(_ANY_HANDLE.findall(sentence)):
        return "it has a handle whose rule or object is not plain"
    return Fix(text=fix.text, program=fix.program, words=(replaced,))


def _place(match: re.Match[str]) -> Place:
    found = match.groupdict()
    kind = Kind.RULE if "chain" in found else _KINDS[found["kind"]]
    is_table = kind is Kind.TABLE
    return Place(
        kind=kind,
        family=found["family"] or "ip",
        table="" if is_table else found["table"] or "",
        chain=found.get("chain", ""),
    )


def _nft_refused(words: Sequence[str]) -> str:
    # Most change what is printed, and nothing of it is read here.
    options = [word for word in words if word.startswith("-") and not _NUMBER.fullmatch(word)]
    if options:
        return f"nft is rehearsed with one command and without {options[0]}"
    spoken = " ".join(words).split()
    if not spoken or {"monitor", "include"} & set(spoken):
        return "nft is rehearsed with one command that changes rules"
    return ""


def _tables_refused(words: Sequence[str]) -> str:
    programs = [word for word in words if word.startswith(("--mod", "-M"))]
    return f"no program is run by {programs[0]}" if programs else "" if words else "it has no words"


def _ipset_refused(words: Sequence[str]) -> str:
    is_read = any(word in ("restore", "-R", "-", "-f", "-file", "-!f") for word in words)
    return "ipset is rehearsed with one command and no file" if is_read or not words else ""


def _ip_refused(words: Sequence[str]) -> str:
    behind = list(words)
    while behind and behind[0] in ("-4", "-6"):
        behind.pop(0)
    object_ = behind[0] if behind else ""
    is_known = object_ in _IP_SHORT or (
        len(object_) > 2 and any(name.startswith(object_) for name in _IP_OBJECTS)
    )
    if not is_known or object_.startswith("net"):
        return "ip is rehearsed with address, link, route, rule or neighbour, and -4 or -6 before"
    if any(word.startswith("netn") for word in behind):
        return "ip is rehearsed in one namespace"
    return ""


def _sysctl_refused(words: Sequence[str]) -> str:
    plain = [word for word in words if not _SYSCTL_OPTION.fullmatch(word)]
    keys = [word.partition("=")[0] for word in plain]
    is_known = all(_SYSCTL_KEY.fullmatch(key) and ".." not in key for key in keys)
    if not plain or not is_known or not all("=" in word for word in plain):
        return "sysctl is rehearsed as sysctl -w net.KEY=VALUE"
    shared = [key for key in keys if is_of_the_host(key)]
    return f"{shared[0]} is one for all network namespaces" if shared else ""


_CHECKS: Final[Mapping[str, Callable[[Sequence[str]], str]]] = {
    "nft": _nft_refused,
    "ipset": _ipset_refused,
    "ip": _ip_refused,
    "sysctl": _sysctl_refused,
}
