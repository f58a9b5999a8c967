"""dnsmasq as the resolver: the lab's zone, and no name beside it."""

from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.daemons.daemon import Daemon, Site, no_orders
from edgediag.lab.services.catalog import ZONE
from edgediag.lab.topology import HOSTS

EXECUTABLE = "/usr/sbin/dnsmasq"


def texts(site: Site) -> Mapping[str, str]:
    """dnsmasq.conf, see dnsmasq(8)."""
    lines = [
        f"listen-address={HOSTS['resolver']}",
        "bind-interfaces",
        "port=53",
        "no-resolv",
        "no-hosts",
        # Names that are not below do not exist; without this they would be refused.
        "local=/#/",
        "user=root",
        "pid-file=",
        "log-facility=-",
    ]
    lines += [f"host-record={name},{address}" for name, address in sorted(ZONE.items())]
    return {"dnsmasq.conf": "\n".join((*lines, ""))}


def command(site: Site) -> tuple[str, ...]:
    """dnsmasq in the foreground."""
    return EXECUTABLE, "--keep-in-foreground", f"--conf-file={site.folder}/dnsmasq.conf"


def version(site: Site) -> tuple[str, ...]:
    """It says so itself."""
    return EXECUTABLE, "--version"


DAEMON = Daemon(
    program="dnsmasq",
    protocol="dns",
    packages=("dnsmasq-base",),
    files=(EXECUTABLE,),
    version=version,
    transport="udp",
    port=53,
    control="",
    services=MappingProxyType({"cloud": ("resolver",)}),
    variants=("",),
    texts=texts,
    command=command,
    orders=no_orders,
)
