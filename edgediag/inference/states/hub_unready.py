"""A hub that answers, and says itself that it is unwell."""

from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.hub import complaint, hub_listens, hub_name, place_of
from edgediag.model.culprit import ListenerObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.verdict import Mechanism

ID = "hub-unready"


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """This node's hub answers on the loopback address that it cannot serve.

    Holds because   it is the hub's own word, heard without any network; a status of 500 and above
                    says that whoever answers cannot do what it should; and the kubelet asks this
                    hub for the API server
    Does not hold   for another status, 404 of a hub that does not know the question; where nobody
                    listens where the kubelet asks, which is another fault; of the API server and
                    the path to it nothing is said: the hub waits for its certificate, maybe
    Asks for        the hub's answers to /v1/healthz and /v1/readyz, the kubelet's kubeconfig, the
                    table of sockets
    source          openyurt pkg/yurthub/server/server.go (healthz, readyz); RFC 9110 §15.6
    """
    word = complaint(host)
    if word is None or not hub_listens(host):
        return None
    hub = hub_name(host)
    shown = f': "{word.text}"' if word.text else ""
    return Fault(
        claim=on_this_host(
            Mechanism.SERVICE_REFUSES,
            ListenerObject(
                protocol="tcp", port=word.door.port, address=str(word.door.address)
            ),
        ),
        text=f"{hub} itself answers {place_of(word.door)} with status {word.status}{shown}; the "
        "kubelet reaches the API server through it",
        remedy=f"read the log of {hub} (journalctl -u {hub}, or crictl logs where it is a pod): a "
        "hub without its client certificate waits for one",
    )
