"""WireGuard in user space: Raven's other driver, where the kernel has no device of its kind.

The device is a tun device, and what wg(8) would ask the kernel is asked of a socket below
/var/run/wireguard (https://www.wireguard.com/xplatform/). That folder is the daemon's own: it lies
in memory, in its mount namespace.
"""

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.daemons.charon import CLOUD_POD, CLOUD_PODS, ECHO_S, EDGE_POD, EDGE_PODS
from edgediag.lab.daemons.daemon import Daemon, Site, no_orders
from edgediag.lab.topology import HOSTS

EXECUTABLE = "/usr/bin/wireguard-go"
WG = "/usr/bin/wg"
PORT = 4500
DEVICE = "raven-wg0"
TABLE = 9028
CONFIG_S = 0.05

# Pairs of a private key and its public one, made for the lab by `wg genkey`; nobody else has them.
KEYS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "cloud": (
            "mFWSqRy2/FB2vY7dXKQGve1CVQeH+64P5BJnd1yf+EY=",
            "ZBouCIqo3CoNO6gH+ZxfYEd50exeBxmQn4ACv/GR0EA=",
        ),
        "edge": (
            "CO+ri0tsBzfxFZe5XgX7DrFXp8Hx153HXTidyYZ52ko=",
            "wntdu+TIfSOadMts/UhxkTRx9tXNmrCMI6EjyzM5kxk=",
        ),
        "nobody": (
            "ACLfmUPAu7aNk4LzesZru4spuVlHt07xILI4/bNTrGg=",
            "22aGLHTxR2zoHOX8OqGQIrPi1CdmPrfQxMpw0mSqPwU=",
        ),
    }
)


def texts(site: Site) -> Mapping[str, str]:
    """wg(8), "CONFIGURATION FILE FORMAT": the other end is the one peer."""
    other = "edge" if site.node == "cloud" else "cloud"
    shown = "nobody" if site.variant == "wrong-key" else other
    endpoint = f"Endpoint = {HOSTS['raven-tunnel']}:{PORT}\n" if site.node == "edge" else ""
    return {
        "wg.conf": f"""[Interface]
PrivateKey = {KEYS[site.node][0]}
ListenPort = {PORT}

[Peer]
PublicKey = {KEYS[shown][1]}
AllowedIPs = {_other_pods(site)}
{endpoint}"""
    }


def command(site: Site) -> tuple[str, ...]:
    """The daemon in the foreground, and beside it what gives it keys, a route and its port."""
    words = (
        (WG, "setconf", DEVICE, "/run/wg.conf"),
        ("ip", "link", "set", DEVICE, "up"),
        ("ip", "route", "add", _other_pods(site), "dev", DEVICE, "table", str(TABLE)),
    )
    configure, *others = map(shlex.join, words)
    steps = (
        # The lab's folder may lie below what the daemon's own /run hides.
        f"settings=$(cat {shlex.quote(str(site.folder / 'wg.conf'))})",
        "mount -t tmpfs none /run && mkdir /run/wireguard",
        "printf '%s\\n' \"$settings\" >/run/wg.conf",
        # It says at length that the kernel could do it as well.
        "export LOG_LEVEL=error",
        f"{{ until {configure} 2>/dev/null; do sleep {CONFIG_S}; done",
        *others,
        "} &",
        f"exec {EXECUTABLE} -f {DEVICE}",
    )
    return "sh", "-c", "\n".join(steps)


def companion(site: Site) -> tuple[str, ...]:
    """On the edge node somebody uses the tunnel."""
    if site.node != "edge":
        return ()
    return "ping", "-n", "-q", "-i", str(ECHO_S), "-I", EDGE_POD, CLOUD_POD


def version(site: Site) -> tuple[str, ...]:
    """It says so itself."""
    return EXECUTABLE, "--version"


def _other_pods(site: Site) -> str:
    return EDGE_PODS if site.node == "cloud" else CLOUD_PODS


DAEMON = Daemon(
    program="wireguard",
    protocol="wireguard",
    packages=("wireguard-go", "wireguard-tools"),
    files=(EXECUTABLE, WG),
    version=version,
    transport="udp",
    port=PORT,
    # Its socket lies where only it looks.
    control="",
    services=MappingProxyType({"cloud": ("raven-tunnel",), "edge": ()}),
    variants=("", "wrong-key"),
    texts=texts,
    command=command,
    orders=no_orders,
    companion=companion,
)
