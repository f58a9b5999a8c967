"""The node's name where nobody was told another: its host name."""

from collections.abc import Iterator

from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, read_source
from edgediag.model.statement import Gap

PATH = "/etc/hostname"


def said_by_hostname(reader: Reader) -> Iterator[Said]:
    """The host name in lower case, which the kubelet registers under without --hostname-override.

    source  hostname(5); kubernetes pkg/util/node/node.go (GetHostname)
    """
    file = read_source(reader, PATH)
    if isinstance(file, Gap):
        yield file
        return
    lines = (line.strip() for line in file.text.split("\n"))
    name = next((line for line in lines if line and not line.startswith("#")), "")
    if name:
        yield file.states("node-name", name.lower(), "")
