"""The single files of a node: kubeconfigs, the kubelet's, flannel's, containerd's, the clock's."""

from collections.abc import Callable, Iterator

import pytest

from edgediag.discovery.containerd import said_by_containerd
from edgediag.discovery.flannel import said_by_flannel
from edgediag.discovery.kubeconfig import said_by_kubeconfigs
from edgediag.discovery.kubelet_config import said_by_kubelet_config
from edgediag.discovery.mirrors import said_by_mirrors
from edgediag.discovery.node_name import said_by_hostname
from edgediag.discovery.pod import said_by_manifests
from edgediag.discovery.processes import said_by_processes
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said
from edgediag.discovery.time_servers import said_by_time_configuration
from edgediag.discovery.units import said_by_units
from edgediag.model.statement import Statement
from node_files import WRITTEN_S, Files

KUBECONFIG = """
clusters:
- {name: a, cluster: {server: "https://198.51.100.6:6443"}}
- name: b
  cluster: {server: http://127.0.0.1:10261}
users:
- user: {token: abcdef.0123456789abcdef}
"""


@pytest.mark.parametrize(
    ("say", "texts", "expected"),
    [
        pytest.param(
            said_by_kubeconfigs,
            {"/var/lib/yurthub/yurthub.conf": KUBECONFIG},
            [("api-server", "198.51.100.6:6443", "clusters[0].cluster.server")],
            id="a kubeconfig: the hub is no API server, the token no fact",
        ),
        pytest.param(
            said_by_kubelet_config,
            {
                "/var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\nport: 10250\n"
                "readOnlyPort: 0\nclusterDNS: [203.0.113.10]\n"
            },
            [
                ("kubelet-port", "10250", "port"),
                ("kubelet-read-only-port", "0", "readOnlyPort"),
                ("cluster-dns", "203.0.113.10", "clusterDNS"),
            ],
            id="the kubelet's configuration",
        ),
        pytest.param(
            said_by_kubelet_config,
            {"/var/lib/kubelet/config.yaml": "kind: Other\nport: 1\n"},
            [],
            id="another kind of configuration",
        ),
        pytest.param(
            said_by_flannel,
            {"/run/flannel/subnet.env": "FLANNEL_NETWORK=203.0.113.0/24\nFLANNEL_SUBNET=\n"},
            [("cluster-cidr", "203.0.113.0/24", "FLANNEL_NETWORK")],
            id="flannel's subnet.env",
        ),
        pytest.param(
            said_by_flannel,
            {"/etc/kube-flannel/net-conf.json": '{"Network": "203.0.113.0/24"}'},
            [("cluster-cidr", "203.0.113.0/24", "Network")],
            id="flannel's net-conf.json",
        ),
        pytest.param(
            said_by_containerd,
            {"/etc/containerd/certs.d/registry-cn-beijing.ack.aliyuncs.com/hosts.toml": ""},
            [("region", "cn-beijing", "")],
            id="containerd's registries",
        ),
        pytest.param(
            said_by_containerd,
            {"/etc/containerd/config.toml": "\nx = 'registry-cn-beijing-vpc.ack.aliyuncs.com/a'"},
            [("region", "cn-beijing", "line 2")],
            id="containerd's region",
        ),
        pytest.param(
            said_by_containerd,
            {
                "/etc/containerd/config.toml": "[plugins.'io.containerd.grpc.v1.cri']\n"
                "sandbox_image = 'a.example/pause:3.9'\n"
            },
            [
                (
                    "sandbox-image",
                    "a.example/pause:3.9",
                    "io.containerd.grpc.v1.cri.sandbox_image",
                )
            ],
            id="containerd's pause image",
        ),
        pytest.param(
            said_by_containerd,
            {
                "/etc/containerd/config.toml": "version = 3\n"
                "[plugins.'io.containerd.cri.v1.images'.pinned_images]\n"
                "sandbox = 'a.example/pause:3.9'\n"
            },
            [
                (
                    "sandbox-image",
                    "a.example/pause:3.9",
                    "io.containerd.cri.v1.images.pinned_images.sandbox",
                )
            ],
            id="the same in its third version",
        ),
        pytest.param(
            said_by_mirrors,
            {
                "/etc/containerd/certs.d/registry-cn-beijing.ack.aliyuncs.com/hosts.toml": "server "
                "= 'https://a'\n[host.'https://mirror.example:8443/v2']\ncapabilities = ['pull']",
                "/etc/containerd/certs.d/_default/hosts.toml": "[host.'https://mirror.example']",
                "/etc/containerd/certs.d/docker.io/hosts.toml": "[host.'https://mirror.example']",
            },
            [
                ("image-mirror", "*", "host"),
                ("image-mirror", "registry-cn-beijing.ack.aliyuncs.com", "host"),
            ],
            id="mirrors of ACK's registry and of all",
        ),
        pytest.param(
            said_by_mirrors,
            {
                "/etc/containerd/certs.d/registry-cn-beijing.ack.aliyuncs.com/hosts.toml": "[host."
                "'https://registry-cn-beijing.ack.aliyuncs.com']\nca = '/a.crt'",
                "/etc/containerd/certs.d/_default/hosts.toml": "[host",
            },
            [],
            id="a registry that is its own host, and no TOML",
        ),
        pytest.param(
            said_by_mirrors,
            {
                "/etc/containerd/config.toml": "[plugins.'io.containerd.grpc.v1.cri'.registry."
                "mirrors.'a.example']\nendpoint = ['https://b.example', 1]\n"
                "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'c.example']\n"
                "endpoint = ['https://c.example']\n"
            },
            [
                ("image-mirror", "a.example", "io.containerd.grpc.v1.cri.registry.mirrors"),
            ],
            id="mirrors in containerd's own file",
        ),
        pytest.param(
            said_by_time_configuration,
            {"/etc/chrony.conf": "# server a.example\npool b.example iburst\nserver c.example\n"},
            [("ntp-server", "b.example", ""), ("ntp-server", "c.example", "")],
            id="chrony",
        ),
        pytest.param(
            said_by_time_configuration,
            {"/etc/systemd/timesyncd.conf": "[Time]\n#NTP=a.example\nNTP=b.example c.example\n"},
            [("ntp-server", "b.example", ""), ("ntp-server", "c.example", "")],
            id="timesyncd",
        ),
        pytest.param(
            said_by_hostname,
            {"/etc/hostname": "# comment\n\nEdge-1\n"},
            [("node-name", "edge-1", "")],
            id="the host name, in lower case as the kubelet takes it",
        ),
        pytest.param(
            said_by_manifests,
            {
                "/etc/kubernetes/manifests/hub.yaml": "kind: Pod\nspec:\n  containers:\n"
                "  - command: [yurthub, --server-addr=https://198.51.100.6:6443]\n",
                "/etc/kubernetes/manifests/notes.txt": "kind: Pod",
            },
            [("api-server", "198.51.100.6:6443", "spec.containers[0] --server-addr")],
            id="static pods",
        ),
        pytest.param(
            said_by_processes,
            {
                "/proc/9/cmdline": "kubelet\0--hostname-override=edge-1\0",
                "/proc/10/cmdline": "yurthub\0--server-addr=https://198.51.100.6:6443\0",
                "/proc/11/cmdline": "",
                "/proc/self/cmdline": "kubelet\0--hostname-override=edge-2\0",
            },
            [
                ("node-name", "edge-1", "--hostname-override"),
                ("api-server", "198.51.100.6:6443", "--server-addr"),
            ],
            id="processes in the order of their ids",
        ),
        pytest.param(
            said_by_units,
            {
                "/usr/lib/systemd/system/yurthub.service": "ExecStart=/bin/yurthub --node-name=a",
                "/etc/systemd/system/yurthub.service": "EnvironmentFile=/etc/hub\n"
                "ExecStart=/bin/yurthub --node-name ${NODENAME}",
                "/etc/hub": "NODENAME=edge-1\n",
            },
            [("node-name", "edge-1", "ExecStart --node-name")],
            id="a unit of the administrator hides the distribution's",
        ),
        pytest.param(
            said_by_units,
            {
                "/etc/systemd/system/yurthub.service": "ExecStart=/bin/yurthub --node-name=a",
                "/run/systemd/system/yurthub.service.d/1.conf": "ExecStart=\n"
                "ExecStart=/bin/yurthub --node-name=b",
                "/etc/systemd/system/yurthub.service.d/1.conf": "ExecStart=\n"
                "ExecStart=/bin/yurthub --node-name=c",
            },
            [("node-name", "c", "ExecStart --node-name")],
            id="a drop-in of a stronger directory hides its namesake",
        ),
    ],
)
def test_what_a_file_states(
    say: Callable[[Reader], Iterator[Said]],
    texts: dict[str, str],
    expected: list[tuple[str, str, str]],
) -> None:
    said = [item for item in say(Files(texts)) if isinstance(item, Statement)]
    found = [(item.name, item.value, item.where) for item in said if item.name != "hub"]
    assert found == expected


def test_a_statement_carries_its_file_and_the_time_of_it() -> None:
    path = "/etc/hostname"
    assert next(said_by_hostname(Files({path: "edge-1"}))) == Statement(
        name="node-name", node="", value="edge-1", path=path, where="", written_s=WRITTEN_S
    )
