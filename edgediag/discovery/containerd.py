"""containerd's configuration: which region's registry the node pulls from."""

from collections.abc import Iterator

from edgediag.discovery.images import region_of_image
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, names_in, read_source
from edgediag.model.statement import Gap, Statement

CONFIG = "/etc/containerd/config.toml"
HOSTS = "/etc/containerd/certs.d"
MAX_HOSTS = 256


def said_by_containerd(reader: Reader) -> Iterator[Said]:
    """The region of ACK's registry, where containerd is told to use it.

    source  containerd docs/cri/config.md (sandbox_image), docs/hosts.md (certs.d/<host>)
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
    names, gaps = names_in(reader, HOSTS, MAX_HOSTS)
    yield from gaps
    for name in names:
        region = region_of_image(name)
        if region is not None:
            path = f"{HOSTS}/{name}"
            yield Statement(
                name="region", node="", value=region, path=path, where="", written_s=None
            )
