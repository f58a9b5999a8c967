"""The sysctls that decide a packet's fate, by the dotted names of sysctl(8).

source  Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst of the Linux kernel
"""

from collections.abc import Iterable
from typing import Final

HOST_KEYS: Final = (
    "net.ipv4.ip_default_ttl",
    "net.ipv4.ip_forward",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_nonlocal_bind",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.disable_ipv6",
    "net.ipv6.conf.all.forwarding",
    "net.core.somaxconn",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_tcp_be_liberal",
    "net.netfilter.nf_conntrack_tcp_loose",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
)
_INTERFACE_KEYS: Final = (
    "net.ipv4.conf.{}.accept_local",
    "net.ipv4.conf.{}.arp_ignore",
    "net.ipv4.conf.{}.forwarding",
    "net.ipv4.conf.{}.route_localnet",
    "net.ipv4.conf.{}.rp_filter",
    "net.ipv6.conf.{}.disable_ipv6",
)
_EVERY: Final = ("all", "default")


def sysctl_keys(interfaces: Iterable[str]) -> tuple[str, ...]:
    """Every key to read: the host's, then those of "all", "default" and each interface."""
    names = [*_EVERY, *(_escaped(interface) for interface in interfaces)]
    keys = (form.format(name) for name in names for form in _INTERFACE_KEYS)
    return tuple(dict.fromkeys((*HOST_KEYS, *keys)))


def sysctl_path(key: str) -> str:
    """Where a key lies below /proc/sys."""
    return key.translate(str.maketrans("./", "/."))


def _escaped(interface: str) -> str:
    """An interface's name inside a key: sysctl(8) writes its dots as slashes."""
    return interface.replace(".", "/")
