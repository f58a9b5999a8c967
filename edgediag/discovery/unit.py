"""systemd units with their drop-ins: the command line that would be run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# $FOO as a word of its own is split into words, ${FOO} is replaced as it stands.
_WORD_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)", re.S)
# An open quote reaches to the end, so that no text is scanned more than once.
_TOKEN = re.compile(
    r"\"((?:[^\"\\]|\\.)*)(?:\"|\\?\Z)|'((?:[^'\\]|\\.)*)(?:'|\\?\Z)|([^\s\"']+)", re.S
)
# As systemd.service(5) has them: they say how to run the program, and are no part of its path.
_PREFIXES = "@-:+!|"
MAX_EXPANSION = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Unit:
    """What the files of one unit say together; an empty assignment takes back what was said.

    command            the words of ExecStart, variables still in them
    environment        of the unit itself
    environment_files  in the order named, without the dash that makes one optional
    """

    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    environment_files: list[str] = field(default_factory=list)

    def read(self, text: str) -> None:
        """Take in one file, in the order systemd reads them.

        source  systemd.syntax(7); systemd.service(5) "ExecStart="; systemd.exec(5) "Environment"
        """
        for name, value in assignments(text):
            match name:
                case "ExecStart":
                    self.command = split_words(value)
                case "Environment" if not value:
                    self.environment.clear()
                case "Environment":
                    self.environment.update(map(_pair, split_words(value)))
                case "EnvironmentFile" if not value:
                    self.environment_files.clear()
                case "EnvironmentFile":
                    self.environment_files.append(value.lstrip("-"))

    def words(self, extra: Mapping[str, str]) -> tuple[str, ...]:
        """The command line with its variables filled in; `extra` is from environment files.

        source  systemd.service(5) "Command lines"; a file wins over Environment=
        """
        known = {**self.environment, **extra}
        words = tuple(_expanded(self.command, known))
        return (words[0].lstrip(_PREFIXES), *words[1:]) if words else ()


def assignments(text: str) -> Iterator[tuple[str, str]]:
    """Names and values in the order of a unit or environment file, continued lines joined."""
    joined = re.sub(r"\\\n", " ", text)
    for line in joined.split("\n"):
        shape = None if line.lstrip().startswith(("#", ";")) else _ASSIGNMENT.fullmatch(line)
        if shape is not None:
            yield shape[1], shape[2].strip()


def environment_of(text: str) -> Mapping[str, str]:
    """The variables that an environment file sets; quotes around a value are taken off."""
    return {name: " ".join(split_words(value)) for name, value in assignments(text)}


def split_words(text: str) -> tuple[str, ...]:
    """The words of a value, quotes taken off as systemd.syntax(7) "Quoting" has it."""
    words: list[str] = []
    end = -1
    for shape in _TOKEN.finditer(text):
        part = next((group for group in shape.groups() if group is not None), "")
        if shape.start() == end:
            words[-1] += part
        else:
            words.append(part)
        end = shape.end()
    return tuple(words)


def _pair(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _expanded(words: Sequence[str], known: Mapping[str, str]) -> Iterator[str]:
    spent = 0
    for word in words:
        shape = _WORD_VARIABLE.fullmatch(word)
        if shape is not None:
            parts: Sequence[str] = split_words(known.get(shape[1], ""))
        else:
            parts = (_filled(word, known),)
        for part in parts:
            spent += len(part)
            if spent > MAX_EXPANSION:
                return
            yield part


def _filled(word: str, known: Mapping[str, str]) -> str:
    """The word with its variables filled in, cut where it becomes too long."""
    parts: list[str] = []
    end = size = 0
    for shape in _VARIABLE.finditer(word):
        parts += (word[end : shape.start()], known.get(shape[1], ""))
        end = shape.end()
        size += len(parts[-2]) + len(parts[-1])
        if size > MAX_EXPANSION:
            break
    return "".join((*parts, word[end:]))
