"""flannel's own files: the pod networks of the cluster and of this node, and its port."""

from collections.abc import Iterator

from edgediag.discovery.document import number_at, text_at
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, read_source, said_by_documents
from edgediag.discovery.unit import environment_of
from edgediag.model.statement import Gap

SUBNET_ENV = "/run/flannel/subnet.env"
NET_CONF = "/etc/kube-flannel/net-conf.json"
_VARIABLES = (("FLANNEL_NETWORK", "cluster-cidr"), ("FLANNEL_SUBNET", "pod-cidr"))


def said_by_flannel(reader: Reader) -> Iterator[Said]:
    """What flannel was given and what it wrote down.

    source  flannel pkg/subnet/subnet.go (subnet.env), Documentation/configuration.md (net-conf)
    """
    file = read_source(reader, SUBNET_ENV)
    if isinstance(file, Gap):
        yield file
    else:
        variables = environment_of(file.text)
        for variable, name in _VARIABLES:
            for network in variables.get(variable, "").split(","):
                if network:
                    yield file.states(name, network, variable)
    yield from said_by_documents(reader, NET_CONF, said_by_net_conf)


def said_by_net_conf(file: SourceFile, document: object) -> Iterator[Said]:
    """What a net-conf.json states."""
    network = text_at(document, "Network")
    if network:
        yield file.states("cluster-cidr", network, "Network")
    if text_at(document, "Backend", "Type") == "vxlan":
        port = number_at(document, "Backend", "Port")
        if port:
            yield file.states("flannel-port", str(port), "Backend.Port")
