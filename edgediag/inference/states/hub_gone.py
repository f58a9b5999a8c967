"""A kubelet that is told to ask a hub, and no hub where it asks."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.hub import hub_listens, is_kubelet_up
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ListenerObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "hub-gone"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """This node's hub listens at no place where its kubelet is told to ask it.

    Holds because   the kubelet serves, so the node has joined and its agents are to run; a hub is
                    known of this node; and no socket takes what is sent to where the kubelet's
                    kubeconfig leads: no request of the kubelet gets to the API server, however
                    well that is reached from here
    Does not hold   without any other sign of a hub than the kubeconfig, which may be old; while
                    the kubelet is down itself; as soon as one place is listened at; where the
                    table of sockets was not read. A hub that listens may be unready all the same
    Asks for        the hub by process, unit or pod, the kubelet's kubeconfig, the table of sockets
    source          openyurt cmd/yurthub/app/options/options.go (127.0.0.1:10261),
                    pkg/yurtadm/constants/constants.go (kubelet.conf)
    """
    if isinstance(host.hub_ends, NotChecked) or isinstance(host.listeners, NotChecked):
        return None
    ends = host.hub_ends
    if not ends or not is_kubelet_up(host) or hub_listens(host):
        return None
    end = ends[0]
    text = f"the kubelet asks {end.hub} at {end.address} port {end.port} for the API server "
    text += f"({end.source}), and nothing listens there"
    culprit = ListenerObject(protocol="tcp", port=end.port, address="")
    return Fault(
        claim=on_this_host(Mechanism.NOT_LISTENING, culprit),
        text=text,
        remedy=f"systemctl status {end.hub}, or crictl ps -a where it is a pod; start it, and read "
        "its log",
    )
