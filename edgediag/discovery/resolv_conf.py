"""The name servers of /etc/resolv.conf, as the resolver library reads them."""

from ipaddress import IPv4Address

from edgediag.discovery.host import parse_address
from edgediag.model.cluster import ResolverLine
from edgediag.model.flow import Address

MAX_NAME_SERVERS = 3
"""MAXNS of <resolv.h>: a fourth line is never asked."""

# Enough of a line to find it again; comments may follow the address.
MAX_SHOWN = 80

DEFAULT_NAME_SERVERS: tuple[Address, ...] = (IPv4Address("127.0.0.1"),)
"""Who is asked where the file names nobody or is not there: resolv.conf(5)."""


def parse_resolv_conf(text: str, path: str) -> tuple[ResolverLine, ...]:
    """The lines that name a server, in the order asked; empty where the file names none.

    The keyword stands in the first column and a blank follows it, else the library does not see
    it either. A line whose address cannot be read does not count towards the three.

    source  resolv.conf(5); glibc resolv/res_init.c
    """
    named: list[ResolverLine] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if len(named) == MAX_NAME_SERVERS:
            break
        address = _name_server(line)
        if address is not None:
            shown = line.strip()[:MAX_SHOWN]
            named.append(ResolverLine(address=address, path=path, line=number, text=shown))
    return tuple(named)


def _name_server(line: str) -> Address | None:
    if not line.startswith(("nameserver ", "nameserver\t")):
        return None
    words = line.replace(";", "#").partition("#")[0].split()
    return parse_address(words[1]) if len(words) > 1 else None
