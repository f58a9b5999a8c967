"""The files that make the edge node another machine: resolver, package sources, facts.

They lie in the lab's folder; `enter` binds them over the machine's own for one command.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from edgediag.endpoints.system_tools import TOOL_GROUPS
from edgediag.lab import state
from edgediag.lab.topology import EDGE_ADDRESS, HOSTS, PEER_ADDRESS

Value: TypeAlias = str | bool | list[str]

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

FACTS: Mapping[str, Value] = MappingProxyType(
    {
        "region": "cn-hangzhou",
        "k8s-version": "v1.30.7-aliyun.1",
        "phase": "run",
        "api-server": f"{HOSTS['api-server']}:6443",
        "raven-proxy": [HOSTS["raven-proxy"]],
        "raven-tunnel": [HOSTS["raven-tunnel"]],
        "tunnel-server": [HOSTS["tunnel-server"]],
        "peer": [PEER_ADDRESS],
        "self-hosted-ntp": False,
        "ca": str(state.certificate().authority),
    }
)

# What a scenario may state beside these, and which a node does not tell by itself.
UNSTATED = ("tunnel-mode", "proxy-mode", "role")

# The edge node's own files, as a healthy node has them; of those without a text there is none.
TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "etc/resolv.conf": f"nameserver {HOSTS['resolver']}\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        # Where systemd-resolved keeps the servers behind its stub; nothing of it runs in the lab.
        "run/systemd/resolve/resolv.conf": "",
        # Signs of a hub, and how the kubelet finds it.
        "run/systemd/system/edge-hub.service": "",
        "var/lib/openyurt/kubelet.conf": "",
        # Certificates by which its agents are known to the cloud; nobody has their keys.
        "var/lib/edge-hub/pki/edge-hub-current.pem": "",
        "var/lib/raven/proxy.client/pki/raven-proxy-client-current.pem": "",
        # It tells which image every pod starts with.
        "run/systemd/system/kubelet.service": "",
        "etc/hosts": f"127.0.0.1 localhost\n{EDGE_ADDRESS} edge\n",
        # Read, and of no effect: nothing of systemd runs in the lab.
        "run/systemd/system/containerd.service.d/http-proxy.conf": "",
        "etc/apt/sources.list": "deb http://mirror.lab.example/debian stable main\n",
    }
)

# Laid over the machine's own folder of that name, which keeps what else it has.
LAID_OVER = "var/lib"

# Below the lab's folder -> over this path of the machine, where the machine has it.
BINDS: Mapping[str, str] = MappingProxyType(
    {
        "etc/resolv.conf": "/etc/resolv.conf",
        "etc/nsswitch.conf": "/etc/nsswitch.conf",
        "run/systemd": "/run/systemd",
        "etc/hosts": "/etc/hosts",
        "etc/apt": "/etc/apt",
        "etc/yum.repos.d": "/etc/yum.repos.d",
        "sbin": "/usr/local/sbin",
    }
)


def edge_folder(prefix: str) -> Path:
    """The root of the edge node's own files."""
    return state.folder(prefix) / "edge"


def write_edge_files(prefix: str) -> None:
    """All files are there, as a healthy node has them."""
    root = edge_folder(prefix)
    for name, text in (*TEXTS.items(), ("edge.toml", facts_text(FACTS))):
        write_edge_file(root / name, text)
    for name in ("etc/yum.repos.d", "run/systemd"):
        (root / name).mkdir(parents=True, exist_ok=True)
    _write_stand_ins(root / "sbin")


def write_edge_file(path: Path, text: str) -> None:
    """The file has this text, or is not there for want of one."""
    if text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    else:
        path.unlink(missing_ok=True)


def read_edge_file(path: Path) -> str:
    """What `write_edge_file` wrote."""
    return path.read_text() if path.exists() else ""


def gateways_text(networks: Sequence[str], key: str) -> str:
    """The Gateway objects of the cloud and of the edge node's own pool, as kubectl saves them.

    networks  behind the cloud's
    key       of WireGuard, that the cloud's endpoint has; "" for none
    """
    config = {"enable-l3-tunnel": "true", **({"publicKey": key} if key else {})}
    cloud = _gateway(
        "gw-cloud",
        {"exposeType": "LoadBalancer"},
        [_pool_node("cloud", HOSTS["api-server"], networks)],
        {"nodeName": "cloud", "publicIP": HOSTS["raven-tunnel"], "config": config},
    )
    edge = _gateway(
        "gw-edge",
        {},
        [
            _pool_node("edge", EDGE_ADDRESS, ["10.244.1.0/24"]),
            _pool_node("peer", PEER_ADDRESS, ["10.244.2.0/24"]),
        ],
        {"nodeName": "edge", "publicIP": "", "config": {"enable-l3-tunnel": "true"}},
    )
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [cloud, edge]})


def _pool_node(name: str, address: str, networks: Sequence[str]) -> Mapping[str, object]:
    return {"nodeName": name, "privateIP": address, "subnets": list(networks)}


def _gateway(
    name: str,
    spec: Mapping[str, object],
    nodes: Sequence[Mapping[str, object]],
    endpoint: Mapping[str, object],
) -> Mapping[str, object]:
    tunnel = {**endpoint, "type": "tunnel", "port": 4500, "underNAT": False}
    return {
        "apiVersion": "raven.openyurt.io/v1beta1",
        "kind": "Gateway",
        "metadata": {"name": name},
        "spec": {**spec, "tunnelConfig": {"Replicas": 1}, "endpoints": [tunnel]},
        "status": {"nodes": list(nodes), "activeEndpoints": [tunnel]},
    }


def facts_text(facts: Mapping[str, Value]) -> str:
    """The facts as `edgediag diagnose --config` reads them, in TOML."""
    return "".join(f"{name} = {_toml(value)}\n" for name, value in facts.items())


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return f'"{value}"'


def _write_stand_ins(folder: Path) -> None:
    """What the machine lacks of the tools that an edge node has; nothing in the lab runs them."""
    folder.mkdir(exist_ok=True)
    for group in TOOL_GROUPS:
        if not any(shutil.which(tool, path=SEARCH_PATH) for tool in group):
            (folder / group[0]).symlink_to("/bin/true")
