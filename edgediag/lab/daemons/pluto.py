"""libreswan's pluto as Raven starts it: no configuration file, connections told by whack."""

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.daemons.charon import CLOUD_PODS, EDGE_PODS, PORT, SECRET
from edgediag.lab.daemons.daemon import Daemon, Order, Site
from edgediag.lab.topology import EDGE_ADDRESS, HOSTS

EXECUTABLE = "/usr/libexec/ipsec/pluto"
WHACK = "/usr/libexec/ipsec/whack"


def texts(site: Site) -> Mapping[str, str]:
    """ipsec.secrets(5): one secret for everybody, as Raven writes it."""
    return {"raven.secrets": f'%any %any : PSK "{SECRET}"\n'}


def command(site: Site) -> tuple[str, ...]:
    """pluto in the foreground, with a fresh key database; without one it ends at once."""
    folder = site.folder
    make_keys = ("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
    serve = (
        *(EXECUTABLE, "--nofork", "--stderrlog", "--no-dnssec", "--use-xfrm"),
        *("--keep-alive", "5", "--rundir", str(folder), "--nssdir", str(folder)),
        *("--ipsecdir", str(folder), "--secretsfile", f"{folder}/raven.secrets"),
    )
    return "sh", "-c", f"{shlex.join(make_keys)} && exec {shlex.join(serve)}"


def orders(site: Site) -> tuple[Order, ...]:
    """The gateway's connection for an edge node behind a NAT, in Raven's words, and listen."""
    whack = (WHACK, "--ctlsocket", f"{site.folder}/pluto.ctl")
    listen = Order(argv=(*whack, "--listen"))
    if site.variant == "no-connection":
        return (listen,)
    gateway = HOSTS["raven-tunnel"]
    own_id, other_id = f"{gateway}-{CLOUD_PODS}-{EDGE_PODS}", f"{EDGE_ADDRESS}-{EDGE_PODS}"
    connection = (
        *("--ikev2", "--psk", "--encrypt", "--forceencaps", "--name", "raven"),
        *("--id", f"@{own_id}", "--host", gateway, "--client", CLOUD_PODS),
        *("--ikeport", str(PORT), "--to", "--id", f"@{other_id}-{CLOUD_PODS}"),
        *("--host", "%any", "--client", EDGE_PODS),
    )
    return Order(argv=(*whack, *connection)), listen


def version(site: Site) -> tuple[str, ...]:
    """It says so itself."""
    return EXECUTABLE, "--version"


DAEMON = Daemon(
    program="pluto",
    protocol="ike",
    packages=("libreswan",),
    files=(EXECUTABLE, WHACK, "/usr/bin/certutil"),
    version=version,
    transport="udp",
    # Only `whack --listen` opens it.
    port=0,
    control="pluto.ctl",
    services=MappingProxyType({"cloud": ("raven-tunnel",)}),
    variants=("", "no-connection"),
    texts=texts,
    command=command,
    orders=orders,
)
