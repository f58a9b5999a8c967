"""The entries of /etc/hosts, each with its line, so that it can be found and removed."""

from edgediag.discovery.host import parse_address, parse_host
from edgediag.model.cluster import HostsEntry
from edgediag.model.flow import Address

MAX_ENTRIES = 10_000


def parse_hosts_file(text: str, path: str) -> tuple[HostsEntry, ...]:
    """One entry per name, in the order of the file; lines that are no entry are passed over.

    At most MAX_ENTRIES are read: a longer file is a block list of advertisers.

    source  hosts(5)
    """
    entries: list[HostsEntry] = []
    # Not splitlines(): it also splits at U+2028 and others, where an editor counts no line.
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.partition("#")[0].split()
        address = parse_address(words[0]) if words else None
        if address is not None:
            entries.extend(_entries(words[1 : MAX_ENTRIES + 1], address, path, number))
        if len(entries) >= MAX_ENTRIES:
            break
    return tuple(entries[:MAX_ENTRIES])


def _entries(words: list[str], address: Address, path: str, line: int) -> list[HostsEntry]:
    names = [parse_host(word) for word in words]
    return [
        HostsEntry(name=name, address=address, path=path, line=line)
        for name in names
        if name is not None and parse_address(name) is None
    ]
