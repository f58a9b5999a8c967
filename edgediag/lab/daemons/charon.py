"""strongSwan's charon: IKE gateway in the cloud, and its peer on the edge node.

The ESP of kernel-libipsec lives in user space and ends in the tun device ipsec0: a tunnel stands
where the kernel itself has no ESP.
"""

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from edgediag.lab.daemons.daemon import Daemon, Order, Site
from edgediag.lab.topology import EDGE_ADDRESS, HOSTS

EXECUTABLE = "/usr/sbin/charon-systemd"
SWANCTL = "/usr/sbin/swanctl"
PORT = 4500
INITIATE_S = 3
# Raven's pluto begins anew this long after it was refused (libreswan, REVIVE_CONN_DELAY); charon
# does so only where nobody answers.
REVIVE_S = 5

# kernel-libipsec before kernel-netlink: the first that can install an SA is asked to.
LIBIPSEC = "kernel-libipsec "
PLUGINS = (
    "random nonce openssl aes sha1 sha2 hmac gmp x509 pem pkcs1 pubkey kdf "
    f"{LIBIPSEC}kernel-netlink socket-default updown vici"
)
# Its policies stand in the kernel, as those of `whack --route` do, and wait for a packet.
TRAPPED = "trapped"
CLOUD_ID, EDGE_ID = "cloud.lab.example", "edge.lab.example"
# One selector a side that holds an own address: kernel-libipsec refuses an SA with any other.
CLOUD_PODS, EDGE_PODS = "10.244.0.0/24", "10.244.1.0/24"
CLOUD_POD, OTHER_CLOUD_POD, EDGE_POD = "10.244.0.1", "10.244.0.2", "10.244.1.1"
ECHO_S = 0.25
PROPOSAL, OTHER_PROPOSAL = "aes128-sha256-modp2048", "aes192-sha384-modp3072"
SECRET, WRONG_SECRET = "the-secret-of-the-lab", "another-secret"


def texts(site: Site) -> Mapping[str, str]:
    """strongswan.conf(5) and swanctl.conf(5), with the pace of Raven's pluto."""
    return {"strongswan.conf": _daemon_text(site), "swanctl.conf": _connections_text(site)}


def command(site: Site) -> tuple[str, ...]:
    """charon-systemd, which runs without systemd as well."""
    return ("env", f"STRONGSWAN_CONF={site.folder}/strongswan.conf", EXECUTABLE)


def orders(site: Site) -> tuple[Order, ...]:
    """Load the connection; the edge node's side then asks for the tunnel."""
    if site.variant == "no-connection":
        return ()
    load = _swanctl(site, "--load-all", "--file", f"{site.folder}/swanctl.conf")
    if site.node != "edge" or site.variant == TRAPPED:
        return (Order(argv=load),)
    return Order(argv=load), Order(argv=_initiate(site), may_fail=True)


def companion(site: Site) -> tuple[str, ...]:
    """On the edge node somebody asks for the tunnel again while there is none, or uses it.

    Two hosts are asked through it, each by an echo of its own every time.
    """
    if site.node != "edge" or site.variant in ("no-connection", TRAPPED):
        return ()
    if site.variant == "busy":
        echoes = " & ".join(
            shlex.join(("ping", "-n", "-q", "-c", "1", "-W", "1", "-I", EDGE_POD, pod))
            for pod in (CLOUD_POD, OTHER_CLOUD_POD)
        )
        return "sh", "-c", f"while sleep {ECHO_S}; do {echoes} & wait; done >/dev/null"
    list_sas = shlex.join(_swanctl(site, "--list-sas"))
    initiate = shlex.join(_initiate(site))
    return "sh", "-c", f'while sleep {REVIVE_S}; do [ -n "$({list_sas})" ] || {initiate}; done'


def version(site: Site) -> tuple[str, ...]:
    """swanctl's, which comes from the same source and does not start without a configuration."""
    return "env", f"STRONGSWAN_CONF={site.folder}/strongswan.conf", SWANCTL, "--version"


def _initiate(site: Site) -> tuple[str, ...]:
    return _swanctl(site, "--initiate", "--child", "pods", "--timeout", str(INITIATE_S))


def _swanctl(site: Site, verb: str, *options: str) -> tuple[str, ...]:
    # SWANCTL_DIR: no credentials of the machine's own are loaded.
    environment = (f"STRONGSWAN_CONF={site.folder}/strongswan.conf", f"SWANCTL_DIR={site.folder}")
    uri = ("--uri", f"unix://{site.folder}/vici")
    return "env", *environment, SWANCTL, verb, *options, *uri


def _daemon_text(site: Site) -> str:
    plugins = PLUGINS.replace(LIBIPSEC, "") if site.variant == TRAPPED else PLUGINS
    return f"""
charon-systemd {{
    load = {plugins}
    port = 0
    port_nat_t = {PORT}
    retransmit_timeout = 0.5
    retransmit_base = 2
    retransmit_tries = 7
    plugins {{
        vici {{
            socket = unix://{site.folder}/vici
        }}
    }}
    journal {{
        default = -1
    }}
    filelog {{
        stderr {{
            default = 1
            flush_line = yes
        }}
    }}
}}
swanctl {{
    load = random openssl sha1 sha2 pem pkcs1 x509 pubkey vici
}}
"""


def _connections_text(site: Site) -> str:
    own, other = (CLOUD_ID, EDGE_ID) if site.node == "cloud" else (EDGE_ID, CLOUD_ID)
    own_pods, other_pods = CLOUD_PODS, EDGE_PODS
    # Raven: 0 on the side that asks, for ever.
    keyingtries = 0 if site.node == "edge" else 1
    addresses = f"local_addrs = {HOSTS['raven-tunnel']}\n        remote_addrs = %any"
    if site.node == "edge":
        own_pods, other_pods = other_pods, own_pods
        addresses = f"local_addrs = {EDGE_ADDRESS}\n        remote_addrs = {HOSTS['raven-tunnel']}"
    proposal = OTHER_PROPOSAL if site.variant == "other-proposal" else PROPOSAL
    start = "trap" if site.variant == TRAPPED else "none"
    secret = WRONG_SECRET if site.variant == "wrong-psk" else SECRET
    return f"""
connections {{
    raven {{
        version = 2
        {addresses}
        local_port = {PORT}
        remote_port = {PORT}
        encap = yes
        mobike = no
        keyingtries = {keyingtries}
        proposals = {proposal}
        local {{
            auth = psk
            id = {own}
        }}
        remote {{
            auth = psk
            id = {other}
        }}
        children {{
            pods {{
                local_ts = {own_pods}
                remote_ts = {other_pods}
                esp_proposals = aes128gcm16
                start_action = {start}
            }}
        }}
    }}
}}
secrets {{
    ike {{
        secret = {secret}
    }}
}}
"""


DAEMON = Daemon(
    program="charon",
    protocol="ike",
    packages=(
        "charon-systemd",
        "strongswan-swanctl",
        "libstrongswan-standard-plugins",
        "libstrongswan-extra-plugins",
        "libcharon-extra-plugins",
    ),
    files=(EXECUTABLE, SWANCTL, "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"),
    version=version,
    transport="udp",
    port=PORT,
    control="vici",
    services=MappingProxyType({"cloud": ("raven-tunnel",), "edge": ()}),
    variants=("", "wrong-psk", "no-connection", "other-proposal", "busy", TRAPPED),
    texts=texts,
    command=command,
    orders=orders,
    companion=companion,
)
