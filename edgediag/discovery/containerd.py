"""containerd's configuration: which image every pod starts with, and which region it is from."""

from collections.abc import Iterator
from typing import Final

from edgediag.discovery.document import text_at
from edgediag.discovery.images import SANDBOX_IMAGE, canonical_image, region_of_image
from edgediag.discovery.mirrors import HOSTS, MAX_HOSTS
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, names_in, read_source
from edgediag.model.statement import Gap, Statement
from edgediag.toml import tomllib

CONFIG = "/etc/containerd/config.toml"

_PLACES: Final = (
    ("plugins", "io.containerd.cri.v1.images", "pinned_images", "sandbox"),
    ("plugins", "io.containerd.grpc.v1.cri", "sandbox_image"),
    ("plugins", "cri", "sandbox_image"),
)
"""The image in files of version 3, 2 and 1."""


def said_by_containerd(reader: Reader) -> Iterator[Said]:
    """The region of ACK's registry, where containerd is told to use it, and the pause image.

    source  containerd docs/cri/config.md (sandbox_image, pinned_images), docs/hosts.md
            (certs.d/<host>)
    """
    file = read_source(reader, CONFIG)
    if isinstance(file, Gap):
        yield file
    else:
        for number, line in enumerate(file.text.split("\n"), start=1):
            region = region_of_image(line)
            if region is not None:
                yield file.states("region", region, f"line {number}")
                break
        yield from _images(file)
    names, gaps = names_in(reader, HOSTS, MAX_HOSTS)
    yield from gaps
    for name in names:
        region = region_of_image(name)
        if region is not None:
            path = f"{HOSTS}/{name}"
            yield Statement(
                name="region", node="", value=region, path=path, where="", written_s=None
            )


def _images(file: SourceFile) -> Iterator[Said]:
    try:
        table = tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        # What the parser says may quote the file, which may hold the password of a registry.
        yield Gap(reason=f"cannot use {file.path}: not TOML", is_missing=False)
        return
    for path in _PLACES:
        image = canonical_image(text_at(table, *path))
        if image is not None:
            yield file.states(SANDBOX_IMAGE, image, ".".join(path[1:]))
