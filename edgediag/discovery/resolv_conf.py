"""The name servers and the search list of /etc/resolv.conf, as the resolver library reads them."""

from ipaddress import IPv4Address

from edgediag.discovery.host import parse_address
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ResolverLine, SearchList
from edgediag.model.flow import Address

MAX_NAME_SERVERS = 3
"""MAXNS of <resolv.h>: a fourth line is never asked."""

MAX_DOMAINS = 6
"""MAXDNSRCH of <resolv.h>."""
MAX_NDOTS = 15
MAX_DIGITS = 4

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


def parse_search(text: str, hostname: str) -> SearchList | NotChecked:
    """What is put behind names, or why it is not followed.

    The last line with `search` or `domain` counts; without one the domain of this host's own name
    does. What the environment of a single program says (LOCALDOMAIN, RES_OPTIONS) is not known.

    hostname  of this host, as gethostname() gives it
    source    resolv.conf(5); glibc resolv/res_init.c, which heeds 6 domains until glibc 2.26 and
              all since; RES_MAXNDOTS in <resolv.h>
    """
    domains: tuple[str, ...] | None = None
    options: list[str] = []
    for line in text.split("\n"):
        keyword, _, rest = line.partition(" " if " " in line.partition("\t")[0] else "\t")
        if keyword == "search" and rest.split():
            domains = tuple(rest.split())
        elif keyword == "domain" and rest.split():
            domains = (rest.split()[0],)
        elif keyword == "options":
            options += rest.split()
    own = hostname.partition(".")[2]
    found = domains or ((own,) if own else ())
    if len(found) > MAX_DOMAINS:
        return NotChecked(reason=f"its search list has more than {MAX_DOMAINS} domains")
    return SearchList(
        domains=tuple(domain.rstrip(".") for domain in found),
        ndots=_ndots(options),
        is_never_bare="no-tld-query" in options,
    )


def _ndots(options: list[str]) -> int:
    said = [option.removeprefix("ndots:") for option in options if option.startswith("ndots:")]
    digits = [word for word in said if word.isascii() and word.isdigit()]
    # More digits than it takes would be as many as the most.
    return min(MAX_NDOTS, int(digits[-1][:MAX_DIGITS])) if digits else 1


def _name_server(line: str) -> Address | None:
    if not line.startswith(("nameserver ", "nameserver\t")):
        return None
    words = line.replace(";", "#").partition("#")[0].split()
    return parse_address(words[1]) if len(words) > 1 else None
