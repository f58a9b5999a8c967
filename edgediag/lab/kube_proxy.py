"""Rules in the shape that kube-proxy writes in its iptables mode, for as many Services as asked.

source  kubernetes pkg/proxy/iptables/proxier.go: chain names are 16 letters of a base32 SHA-256
"""

import base64
import hashlib
from collections.abc import Iterator
from ipaddress import IPv4Address

ENDPOINTS_OF_A_SERVICE = 2
RULES_OF_A_SERVICE = 2 + 3 * ENDPOINTS_OF_A_SERVICE
MAX_SERVICES = 16_000

# kubeadm's default range of Services; the endpoints are pods of a node that the lab does not have.
_CLUSTER, _PODS, _ENDPOINTS = "10.96.0.0/12", "10.244.0.0/16", "10.244.128.0"
_MARK = "0x4000/0x4000"
_BUILT_IN = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")


def restore_text(services: int) -> str:
    """What iptables-restore(8) reads to have them all; nothing of it concerns another address."""
    lines = [f":{chain} ACCEPT [0:0]" for chain in _BUILT_IN]
    lines += [f":{chain} - [0:0]" for chain in ("KUBE-SERVICES", "KUBE-MARK-MASQ")]
    numbers = range(services)
    lines += [f":{chain} - [0:0]" for number in numbers for chain in _chains(number)]
    lines += [
        f'-A {chain} -m comment --comment "kubernetes service portals" -j KUBE-SERVICES'
        for chain in ("PREROUTING", "OUTPUT")
    ]
    lines.append(f"-A KUBE-MARK-MASQ -j MARK --or-mark {_MARK.partition('/')[0]}")
    for number in numbers:
        lines += _rules(number)
    return "\n".join(("*nat", *lines, "COMMIT", ""))


def _chains(number: int) -> tuple[str, ...]:
    """The chain of a Service, then those of its endpoints."""
    endpoints = (_name("SEP", f"{number}/{place}") for place in range(ENDPOINTS_OF_A_SERVICE))
    return _name("SVC", str(number)), *endpoints


def _rules(number: int) -> Iterator[str]:
    service, *endpoints = _chains(number)
    address = IPv4Address(_CLUSTER.partition("/")[0]) + 10 + number
    said = f'-m comment --comment "default/web-{number}:http'
    to_service = f'-d {address}/32 -p tcp {said} cluster IP" -m tcp --dport 80'
    yield f"-A KUBE-SERVICES {to_service} -j {service}"
    yield f"-A {service} ! -s {_PODS} {to_service} -j KUBE-MARK-MASQ"
    for place, endpoint in enumerate(endpoints):
        left = ENDPOINTS_OF_A_SERVICE - place
        chance = f"-m statistic --mode random --probability {1 / left:.11f} " if left > 1 else ""
        pod = IPv4Address(_ENDPOINTS) + number * ENDPOINTS_OF_A_SERVICE + place
        yield f'-A {service} {said} -> {pod}:8080" {chance}-j {endpoint}'
        yield f'-A {endpoint} -s {pod}/32 {said}" -j KUBE-MARK-MASQ'
        yield f'-A {endpoint} -p tcp {said}" -m tcp -j DNAT --to-destination {pod}:8080'


def _name(kind: str, of: str) -> str:
    digest = hashlib.sha256(of.encode()).digest()
    return f"KUBE-{kind}-{base64.b32encode(digest)[:16].decode()}"
