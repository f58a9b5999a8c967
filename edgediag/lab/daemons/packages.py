"""Which Debian packages a program still needs, out of what apt-cache(8) says."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

PACKAGE = re.compile(r"^(\S+)$")
DEPENDENCY = re.compile(r"^ ([ |])(?:Pre)?Depends: (\S+)$")
PROVIDER = re.compile(r"^    (\S+)$")

# What apt-cache is asked so that nothing but hard dependencies is printed.
DEPENDS_COMMAND = (
    *("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests"),
    *("--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one package depends on: of each group, any member will do."""

    package: str
    groups: tuple[tuple[str, ...], ...]


def missing(
    packages: Sequence[str], depends: Sequence[Needs], installed: Collection[str]
) -> tuple[str, ...]:
    """The packages to fetch, each before what it depends on; none that is installed.

    Of alternatives an installed one is taken, else the first that is a package at all.
    """
    groups = {needs.package: needs.groups for needs in depends}
    chosen: list[str] = []
    waiting: list[tuple[str, ...]] = [(package,) for package in packages]
    while waiting:
        group = waiting.pop(0)
        if any(member in installed or member in chosen for member in group):
            continue
        real = [member for member in group if member in groups and not member.startswith("<")]
        if real:
            chosen.append(real[0])
            waiting += groups[real[0]]
    return tuple(chosen)


def parse_depends(text: str) -> tuple[Needs, ...]:
    """What `apt-cache depends --recurse` printed, in its order.

    A bar before "Depends" joins the line with the next; a virtual package stands in angle
    brackets, and those that provide it follow, four blanks deep.
    """
    blocks: list[tuple[str, list[list[str]]]] = []
    is_joined = False
    for line in text.splitlines():
        if found := PACKAGE.match(line):
            blocks.append((found[1], []))
            is_joined = False
        elif blocks and (found := DEPENDENCY.match(line)):
            groups = blocks[-1][1]
            groups[-1:] = [[*groups[-1], found[2]]] if is_joined else [*groups[-1:], [found[2]]]
            is_joined = found[1] == "|"
        elif blocks and blocks[-1][1] and (found := PROVIDER.match(line)):
            blocks[-1][1][-1].append(found[1])
    return tuple(
        Needs(package=package, groups=tuple(tuple(group) for group in groups))
        for package, groups in blocks
    )
