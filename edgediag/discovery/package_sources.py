"""The hosts that this node takes its packages from, out of apt's and yum's own files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgediag.discovery import apt, yum
from edgediag.discovery.host import parse_host_port
from edgediag.discovery.reader import Reader
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import HostPort

MAX_SOURCES = 64

_PORTS = {"http": 80, "https": 443, "ftp": 21, "mirror": 80}
_HOSTLESS = frozenset(("cdrom", "copy", "file", "media"))
_MIRROR_LIST = "mirror+file:"
# The user part may hold a password: it is matched to be thrown away.
_URL = re.compile(r"(?:mirror\+)?([a-z]+)://(?:[^/?#]*@)?([^/?#@]*)(?:[/?#].*)?", re.I)
_SCHEME = re.compile(r"[a-z+]+(?=:)", re.I)

_DIRECTORIES: tuple[tuple[str, Callable[[str], bool], Callable[[str], tuple[str, ...]]], ...] = (
    ("/etc/apt", apt.is_main_list, apt.urls_of_list),
    ("/etc/apt/sources.list.d", apt.is_list, apt.urls_of_list),
    ("/etc/apt/sources.list.d", apt.is_sources, apt.urls_of_sources),
    ("/etc/yum.repos.d", yum.is_repo, yum.urls_of_repo),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """A host packages come from, and the file that names it first."""

    place: HostPort
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSources:
    """All of them in the order found, each host and port once; and what could not be used."""

    sources: tuple[PackageSource, ...]
    warnings: tuple[str, ...]


def parse_source_url(url: str) -> HostPort | None:
    """The host and port that a source's URL leads to, or None where it names no usable one."""
    shape = _URL.fullmatch(url)
    port = None if shape is None else _PORTS.get(shape[1].lower())
    if shape is None or port is None:
        return None
    return parse_host_port(shape[2], port)


def is_hostless(url: str) -> bool:
    """Whether the URL leads to a place on this node and needs no network."""
    scheme = _SCHEME.match(url)
    return scheme is not None and scheme[0].lower() in _HOSTLESS


def discover_package_sources(reader: Reader) -> PackageSources:
    """The hosts of the node's own apt and yum sources."""
    found: dict[HostPort, PackageSource] = {}
    warnings: list[str] = []
    for path, urls in _files(reader):
        if isinstance(urls, NotChecked):
            warnings.append(f"package sources in {path} are not known: {urls.reason}")
            continue
        networked = [url for url in urls if not is_hostless(url)]
        places = [place for url in networked if (place := parse_source_url(url)) is not None]
        if len(places) < len(networked):
            unusable = len(networked) - len(places)
            warnings.append(f"{path}: {unusable} package source(s) without a usable host")
        for place in places:
            found.setdefault(place, PackageSource(place=place, path=path))
    if len(found) > MAX_SOURCES:
        warnings.append(f"only {MAX_SOURCES} of {len(found)} package sources are considered")
    return PackageSources(
        sources=tuple(found.values())[:MAX_SOURCES], warnings=tuple(warnings)
    )


def _files(reader: Reader) -> Iterator[tuple[str, tuple[str, ...] | NotChecked]]:
    for directory, is_wanted, urls_of in _DIRECTORIES:
        names = reader.list_dir(directory)
        if isinstance(names, NotChecked):
            # The other family's directory: no Debian has yum's and no CentOS has apt's.
            continue
        for path in (f"{directory}/{name}" for name in names if is_wanted(name)):
            text = reader.read_text(path)
            if isinstance(text, NotChecked):
                yield path, text
            else:
                yield path, _with_mirror_lists(reader, urls_of(text))


def _with_mirror_lists(reader: Reader, urls: tuple[str, ...]) -> tuple[str, ...]:
    # Debian's cloud images name their mirrors in lists of their own, below /etc/apt/mirrors.
    direct = [url for url in urls if not url.startswith(_MIRROR_LIST)]
    lists = dict.fromkeys(url for url in urls if url.startswith(_MIRROR_LIST))
    for url in lists:
        path = "/" + url.removeprefix(_MIRROR_LIST).lstrip("/")
        text = reader.read_text(path)
        # A list that cannot be read stays what it is, and is counted as unusable.
        direct.extend((url,) if isinstance(text, NotChecked) else apt.urls_of_mirror_list(text))
    return tuple(direct)
