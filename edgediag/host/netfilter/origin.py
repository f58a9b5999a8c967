"""Who wrote a rule, by the name of its table or chain and by its comment.

Whoever wrote a rule writes it again when it is deleted: what has to change is what made them. A
rule says nothing of its writer by what it jumps to, because anybody may jump to anybody's chain.
Names and comments of somebody's own that only resemble a program's are nobody's.

source  pkg/proxy/iptables, pkg/proxy/nftables and pkg/kubelet of kubernetes (chain names and
        comments); flannel pkg/trafficmngr; raven pkg/networkengine; firewalld
        src/firewall/core/nftables.py; ufw src/backend_iptables.py; fail2ban
        config/action.d/iptables.conf; netavark src/firewall; CNI plugins/meta/portmap
"""

import re
from dataclasses import dataclass
from typing import Final

_COMMENT: Final = re.compile(r"(?<!-m )\bcomment (?:\"((?:[^\"\\]|\\.)*)\"|(\S+))")
# firewalld's chains of a zone or a policy in a table of its own, and those in iptables' tables.
_ZONE: Final = re.compile(
    r"(?:filter|nat|mangle|raw)_(?:IN|OUT|FWDI|FWDO|FWD|PRE|POST)_(?P<zone>[\w-]+?)"
    r"(?:_(?:pre|log|deny|allow|post))?"
)
# The latter only with an ending: IN_lan alone may as well be a chain of somebody's own.
_OLD_ZONE: Final = re.compile(
    r"(?:IN|FWDI|FWDO)_(?P<zone>[\w-]+?)_(?:pre|log|deny|allow|post)"
)
_DISPATCH: Final = re.compile(
    r"(?:INPUT|OUTPUT|FORWARD(?:_IN|_OUT)?|PREROUTING|POSTROUTING)_(?:ZONES(?:_SOURCE)?|direct)"
)
_POLICY: Final = "policy_"
# The administrator's own place among the rules of others.
_FOR_ANYBODY: Final = frozenset({"DOCKER-USER", "CNI-ADMIN", "LIBVIRT_USER"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """The program that keeps a rule, and what to change so that it writes another.

    name  "kube-proxy", "firewalld (zone public)", ...
    """

    name: str
    remedy: str


def writer_of(table: str, chain: str, text: str) -> Writer | None:
    """Who keeps a rule, None where nothing tells: then somebody wrote it by hand, or nobody knows.

    text  as iptables-save or nft prints it, with its comment
    """
    if chain in _FOR_ANYBODY:
        return None
    if table == "firewalld":
        return _firewalld(_ZONE.fullmatch(chain))
    if _OLD_ZONE.fullmatch(chain) or _DISPATCH.fullmatch(chain):
        return _firewalld(_OLD_ZONE.fullmatch(chain))
    found = _COMMENT.search(text)
    comment = (found[1] or found[2] or "") if found else ""
    name = _by_start(chain, _CHAINS) or _TABLES.get(table) or _by_start(comment, _COMMENTS)
    return None if name is None else Writer(name=name, remedy=_REMEDIES[name])


def _by_start(words: str, starts: tuple[tuple[str, str], ...]) -> str | None:
    return next((name for start, name in starts if words.startswith(start)), None)


def _firewalld(zone: re.Match[str] | None) -> Writer:
    if zone is None:
        return Writer(name="firewalld", remedy=_REMEDIES["firewalld"])
    name = zone["zone"]
    kind = "policy" if name.startswith(_POLICY) else "zone"
    name = name.removeprefix(_POLICY)
    return Writer(
        name=f"firewalld ({kind} {name})",
        remedy=f"change firewalld: firewall-cmd --{kind}={name} --list-all shows what made it",
    )


# The longer beginning stands before the shorter one that it contains.
_CHAINS: Final = (
    ("KUBE-FIREWALL", "kubelet"),
    ("KUBE-KUBELET-CANARY", "kubelet"),
    ("KUBE-IPTABLES-HINT", "kubelet"),
    ("KUBE-MARK-DROP", "kubelet"),
    ("KUBE-ROUTER-", "kube-router"),
    ("KUBE-NWPLCY-", "kube-router"),
    ("KUBE-POD-FW-", "kube-router"),
    ("KUBE-", "kube-proxy"),
    ("FLANNEL-", "flannel"),
    ("RAVEN-", "Raven"),
    ("DOCKER", "Docker"),
    ("cali-", "Calico"),
    ("CILIUM_", "Cilium"),
    ("OLD_CILIUM_", "Cilium"),
    ("f2b-", "fail2ban"),
    ("fail2ban-", "fail2ban"),
    ("ufw-", "ufw"),
    ("ufw6-", "ufw"),
    ("LIBVIRT_", "libvirt"),
    ("NETAVARK", "podman (netavark)"),
    ("CNI-", "a CNI plugin"),
    ("ts-input", "Tailscale"),
    ("ts-forward", "Tailscale"),
    ("ts-postrouting", "Tailscale"),
)

_TABLES: Final = {
    "kube-proxy": "kube-proxy",
    "flannel-ipv4": "flannel",
    "flannel-ipv6": "flannel",
    "docker-bridges": "Docker",
    "calico": "Calico",
    "f2b-table": "fail2ban",
    "libvirt_network": "libvirt",
    "netavark": "podman (netavark)",
    "cni_hostport": "a CNI plugin",
    "cni_plugins_masquerade": "a CNI plugin",
    "fw4": "OpenWrt's firewall",
}

_COMMENTS: Final = (
    ("kubernetes firewall for dropping", "kubelet"),
    ("kubernetes service portals", "kube-proxy"),
    ("kubernetes postrouting", "kube-proxy"),
    ("kubernetes forwarding", "kube-proxy"),
    ("kubernetes load balancer", "kube-proxy"),
    ("kubernetes externally-visible", "kube-proxy"),
    ("kubernetes health check", "kube-proxy"),
    ("flanneld masq", "flannel"),
    ("flanneld forward", "flannel"),
    ("raven traffic ", "Raven"),
    ("cali:", "Calico"),
    ("cilium-feeder:", "Cilium"),
    ("cilium:", "Cilium"),
    ("NodeLocal DNS Cache", "node-local-dns"),
    ("!fw3", "OpenWrt's firewall"),
    ("!fw4", "OpenWrt's firewall"),
    ("CNI firewall plugin", "a CNI plugin"),
    ("CNI portfwd", "a CNI plugin"),
)

_REMEDIES: Final = {
    "kube-proxy": "change the Service, or see to its endpoints",
    "kubelet": "change the kubelet's configuration",
    "kube-router": "change the NetworkPolicy",
    "flannel": "change flannel's configuration",
    "Raven": "change the Gateway, or raven-agent's configuration",
    "Docker": "change the container's network or ports, or accept the flow in DOCKER-USER",
    "Calico": "change the NetworkPolicy or GlobalNetworkPolicy",
    "Cilium": "change the CiliumNetworkPolicy or Cilium's configuration",
    "fail2ban": "release the address: fail2ban-client unban ADDRESS",
    "firewalld": "change firewalld: firewall-cmd --list-all-zones shows what made it",
    "ufw": "change ufw: ufw status numbered",
    "libvirt": "change libvirt's network: virsh net-edit",
    "podman (netavark)": "change the container's network or ports",
    "a CNI plugin": "change the CNI configuration, or the pod's host ports",
    "node-local-dns": "change node-local-dns's configuration",
    "OpenWrt's firewall": "change /etc/config/firewall",
    "Tailscale": "change Tailscale: tailscale set --netfilter-mode",
}
