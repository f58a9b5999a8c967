"""Registries of which containerd asks another host first, a mirror, for their images."""

from collections.abc import Iterator, Mapping
from typing import Final

from edgediag.discovery.document import at, items_at
from edgediag.discovery.host import parse_host_port
from edgediag.discovery.images import region_of_image
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, names_in, read_source
from edgediag.model.statement import Gap
from edgediag.toml import tomllib

IMAGE_MIRROR: Final = "image-mirror"
"""The fact: the registry, or EVERY_REGISTRY."""

EVERY_REGISTRY: Final = "*"
HOSTS: Final = "/etc/containerd/certs.d"
MAX_HOSTS: Final = 256

_CONFIG: Final = "/etc/containerd/config.toml"
_FILE: Final = "hosts.toml"
_DEFAULT: Final = "_default"
_MIRRORS: Final = ("registry", "mirrors")
_PLUGINS: Final = ("io.containerd.cri.v1.images", "io.containerd.grpc.v1.cri", "cri")
_HTTPS: Final = 443


def said_by_mirrors(reader: Reader) -> Iterator[Said]:
    """The registries of ACK that have mirrors, by their own files or by containerd's main one.

    source  containerd docs/hosts.md (certs.d/<host>/hosts.toml, _default), docs/cri/registry.md
            (registry.mirrors)
    """
    for name in names_in(reader, HOSTS, MAX_HOSTS)[0]:
        registry = EVERY_REGISTRY if name == _DEFAULT else name
        if registry == EVERY_REGISTRY or region_of_image(name) is not None:
            file = read_source(reader, f"{HOSTS}/{name}/{_FILE}")
            hosts = {} if isinstance(file, Gap) else _mapping(_table(file), "host")
            if not isinstance(file, Gap) and _has_other(hosts, registry):
                yield file.states(IMAGE_MIRROR, registry, "host")
    main = read_source(reader, _CONFIG)
    if isinstance(main, Gap):
        return
    for plugin in _PLUGINS:
        for registry, mirror in _mapping(_table(main), "plugins", plugin, *_MIRRORS).items():
            ends = {end: None for end in items_at(mirror, "endpoint") if isinstance(end, str)}
            if _has_other(ends, registry):
                yield main.states(IMAGE_MIRROR, registry, f"{plugin}.registry.mirrors")


def _table(file: SourceFile) -> object:
    try:
        return tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _mapping(value: object, *path: str) -> Mapping[str, object]:
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def _has_other(urls: Mapping[str, object], registry: str) -> bool:
    return any(_host(url) != registry for url in urls)


def _host(url: str) -> str:
    place = parse_host_port(url.rpartition("://")[2].partition("/")[0], _HTTPS)
    return "" if place is None else place.host
