"""The time servers that this node's own clock is set by."""

import re
from collections.abc import Iterator

from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, read_source
from edgediag.model.statement import Gap

PATHS = (
    "/etc/chrony/chrony.conf",
    "/etc/chrony.conf",
    "/etc/ntp.conf",
    "/etc/systemd/timesyncd.conf",
    "/etc/ntpsec/ntp.conf",
)
MAX_SERVERS = 16
_CHRONY = re.compile(r"\s*(?:server|pool|peer)\s+(\S{1,253})(?:\s.*)?")
_TIMESYNCD = re.compile(r"\s*(?:NTP|FallbackNTP)\s*=(.*)")


def said_by_time_configuration(reader: Reader) -> Iterator[Said]:
    """The servers that chrony, ntpd and timesyncd are told to ask.

    Whether the node was registered with selfHostNtpServer is written down nowhere on it: servers
    of its own make it likely and no more, so no policy is concluded from them.

    source  chrony.conf(5) "server"; ntp.conf(5); timesyncd.conf(5)
    """
    for path in PATHS:
        file = read_source(reader, path)
        if isinstance(file, Gap):
            yield file
            continue
        for host in servers_in(file.text):
            yield file.states("ntp-server", host, "")


def servers_in(text: str) -> tuple[str, ...]:
    """The hosts of the first MAX_SERVERS servers, in their order."""
    hosts: list[str] = []
    for line in text.split("\n"):
        if (shape := _CHRONY.fullmatch(line)) is not None:
            hosts.append(shape[1])
        elif (shape := _TIMESYNCD.fullmatch(line)) is not None:
            hosts.extend(shape[1].split())
    return tuple(dict.fromkeys(hosts))[:MAX_SERVERS]
