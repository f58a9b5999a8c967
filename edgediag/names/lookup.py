"""What the hosts line of nsswitch.conf makes of the hosts file and of the name servers."""

from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NameLookup

# Both read the hosts file: resolved.conf(5), ReadEtcHosts.
_HOSTS_FILE = ("files", "resolve")

# What never asks a name server of resolv.conf, nor one that is not known here: nss-myhostname(8),
# nss-mymachines(8); multicast DNS is for names below .local (RFC 6762 §3).
_WITHOUT_SERVERS = frozenset({"files", "db", "myhostname", "mymachines"})
_MULTICAST = "mdns"


def heeds_hosts_file(lookup: NameLookup | NotChecked) -> bool:
    """True if programs find what the hosts file says; so it is where nothing else is known."""
    return isinstance(lookup, NotChecked) or any(item in lookup.sources for item in _HOSTS_FILE)


def is_hosts_file_first(lookup: NameLookup | NotChecked) -> bool:
    """True if the hosts file outweighs the name servers."""
    if isinstance(lookup, NotChecked):
        return True
    asked = [item for item in lookup.sources if item in (*_HOSTS_FILE, "dns")]
    return asked[:1] != ["dns"]


def chooses_by_domain(lookup: NameLookup | NotChecked) -> bool:
    """True if systemd-resolved is asked before the name servers of resolv.conf, whose order it
    does not keep.

    source  nss-resolve(8); resolved.conf(5): each name is routed to the servers of its domain
    """
    if isinstance(lookup, NotChecked):
        return False
    return next((item for item in lookup.sources if item in ("resolve", "dns")), "") == "resolve"


def asks_name_servers(lookup: NameLookup | NotChecked) -> bool:
    """False if programs that heed the line never ask a name server."""
    if isinstance(lookup, NotChecked):
        return True
    return not all(
        item in _WITHOUT_SERVERS or item.startswith(_MULTICAST) for item in lookup.sources
    )
