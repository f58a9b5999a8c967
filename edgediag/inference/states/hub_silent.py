"""A hub that listens and never answers."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.hub import hub_listens, hub_name, listens, place_of
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ListenerObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.hub import HubSilent
from edgediag.model.verdict import Mechanism
from edgediag.stages.hub import is_silent

ID = "hub-silent"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """This node's hub has its port of health open and answers nothing there, asked twice.

    Holds because   the questions never leave this node, and the kubelet would kill a hub that is a
                    pod for the same silence; it listens where the kubelet asks it, so it is meant
                    to serve
    Does not hold   where one question was answered or refused; where no socket has the port, which
                    a flag of the hub may have moved; where the table of sockets was not read
    Asks for        the hub's answers to /v1/healthz and /v1/readyz, the table of sockets, the
                    kubelet's kubeconfig
    source          openyurt pkg/yurtadm/constants/constants.go (livenessProbe of /v1/healthz at
                    port 10267), cmd/yurthub/app/options/options.go (--serve-port)
    """
    words = host.hub_words
    if isinstance(words, NotChecked) or not is_silent(words) or not hub_listens(host):
        return None
    word = words[0]
    if not isinstance(word, HubSilent) or not listens(host, word.door.address, word.door.port):
        return None
    hub, port = hub_name(host), word.door.port
    return Fault(
        claim=on_this_host(
            Mechanism.SERVICE_SILENT,
            ListenerObject(protocol="tcp", port=port, address=str(word.door.address)),
        ),
        text=f"{hub} listens and does not answer {place_of(word.door)}, twice within "
        f"{word.waited_s:g} s, on this very node; the kubelet reaches the API server through it",
        remedy=f"look whether {hub} is stopped or starved (systemctl status {hub}, top), and "
        "restart it",
    )
