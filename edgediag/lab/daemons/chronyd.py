"""chrony's chronyd behind both NTP addresses; it never touches the machine's clock."""

from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.daemons.daemon import Daemon, Site, no_orders

EXECUTABLE = "/usr/sbin/chronyd"


def texts(site: Site) -> Mapping[str, str]:
    """chrony.conf(5): a server without sources, which trusts its own clock or says it has none."""
    lines = [
        "allow all",
        "port 123",
        # No commands over the network, nor over a socket.
        "cmdport 0",
        "bindcmdaddress /",
        f"pidfile {site.folder}/chronyd.pid",
        "user root",
    ]
    if site.variant != "unsynchronised":
        lines.append("local stratum 3")
    return {"chrony.conf": "\n".join((*lines, ""))}


def command(site: Site) -> tuple[str, ...]:
    """chronyd in the foreground (-d) that leaves the clock alone (-x)."""
    return EXECUTABLE, "-x", "-d", "-f", f"{site.folder}/chrony.conf"


def version(site: Site) -> tuple[str, ...]:
    """It says so itself."""
    return EXECUTABLE, "--version"


DAEMON = Daemon(
    program="chronyd",
    protocol="ntp",
    packages=("chrony",),
    files=(EXECUTABLE,),
    version=version,
    transport="udp",
    port=123,
    control="",
    services=MappingProxyType({"cloud": ("ntp-aliyun", "ntp-cn-pool")}),
    variants=("", "unsynchronised"),
    texts=texts,
    command=command,
    orders=no_orders,
)
