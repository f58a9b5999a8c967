"""Kubernetes objects, each kind by what it says of the cluster; Secrets are never looked into."""

from collections.abc import Callable, Iterator, Mapping

from edgediag.discovery.document import at, items_at, number_at, parse_json, text_at
from edgediag.discovery.flannel import said_by_net_conf
from edgediag.discovery.gateway import said_by_gateway
from edgediag.discovery.lease import said_by_lease
from edgediag.discovery.node import said_by_node
from edgediag.discovery.pod import said_by_pod
from edgediag.discovery.source_file import Said, SourceFile
from edgediag.model.answer import NotChecked

NAMESPACE = "kube-system"
# A gateway's name and eight digits follow; ACK Edge calls the one in the cloud gw-cloud.
_SERVICES: tuple[tuple[str, str], ...] = (
    ("x-raven-proxy-svc-", "raven-proxy"),
    ("x-raven-tunnel-svc-", "raven-tunnel"),
    ("x-tunnel-server-svc", "tunnel-server"),
)
_SWITCHES = {"true": "yes", "false": "no"}
_RAVEN_CFG = (("enable-l7-proxy", "proxy-mode"), ("enable-l3-tunnel", "tunnel-mode"))


def said_by_object(file: SourceFile, document: object) -> Iterator[Said]:
    """What one object says, or each one of a list as `kubectl get -o json` prints it."""
    kind = text_at(document, "kind")
    if kind == "List" or (kind.endswith("List") and kind.removesuffix("List") in _KINDS):
        for item in items_at(document, "items"):
            # The items of a typed list need not repeat their kind.
            say = _KINDS.get(text_at(item, "kind") or kind.removesuffix("List"))
            if say is not None:
                yield from say(file, item)
    elif kind in _KINDS:
        yield from _KINDS[kind](file, document)


def _said_by_service(file: SourceFile, document: object) -> Iterator[Said]:
    """The addresses and ports of the load balancers of Raven and of the tunnel server.

    source  openyurt pkg/yurtmanager/controller/raven/gatewaypublicservice (service names, ports);
            the endpoint table of ACK Edge, columns EXTERNAL-IP
    """
    name = text_at(document, "metadata", "name")
    fact = next((fact for prefix, fact in _SERVICES if name.startswith(prefix)), None)
    if fact is None or text_at(document, "metadata", "namespace") not in (NAMESPACE, ""):
        return
    ports = [number_at(port, "port") for port in items_at(document, "spec", "ports")]
    for number, ingress in enumerate(items_at(document, "status", "loadBalancer", "ingress")):
        host = text_at(ingress, "ip") or text_at(ingress, "hostname")
        where = f"{name} status.loadBalancer.ingress[{number}]"
        if fact == "tunnel-server":
            yield file.states(fact, host, where)
            continue
        for port in ports:
            bracketed = f"[{host}]" if ":" in host else host
            yield file.states(fact, f"{bracketed}:{port}", where)


def _said_by_config_map(file: SourceFile, document: object) -> Iterator[Said]:
    """Raven's modes and addresses, its agent's driver, and flannel's net-conf.

    source  the ConfigMap kube-system/raven-cfg of ACK Edge; raven
            charts/raven-agent/templates/config.yaml; flannel Documentation/kube-flannel.yml
    """
    name = text_at(document, "metadata", "name")
    if name == "raven-cfg":
        for key, fact in _RAVEN_CFG:
            answer = _SWITCHES.get(text_at(document, "data", key).lower())
            if answer is not None:
                yield file.states(fact, answer, f"{name} data.{key}")
    elif name == "raven-agent-config":
        driver = text_at(document, "data", "vpn-driver")
        if driver:
            yield file.states("vpn-driver", driver, f"{name} data.vpn-driver")
    elif name.startswith("kube-flannel"):
        text = at(document, "data", "net-conf.json")
        parsed = parse_json(text) if isinstance(text, str) else ()
        if not isinstance(parsed, NotChecked):
            for item in parsed:
                yield from said_by_net_conf(file, item)


_KINDS: Mapping[str, Callable[[SourceFile, object], Iterator[Said]]] = {
    "ConfigMap": _said_by_config_map,
    "Gateway": said_by_gateway,
    "Lease": said_by_lease,
    "Node": said_by_node,
    "Pod": said_by_pod,
    "Service": _said_by_service,
}
