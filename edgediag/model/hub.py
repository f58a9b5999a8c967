"""The node's own hub, through which its agents reach the API server."""

from dataclasses import dataclass
from typing import Final

from edgediag.model.answer import NotChecked
from edgediag.model.flow import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class HubEnd:
    """Where the kubelet is told to find the hub.

    hub     "edge-hub", "yurthub" or "cloud-hub"
    source  the kubeconfig that says so
    """

    hub: str
    address: Address
    port: int
    source: str


NO_HUB: Final = NotChecked(reason="no hub of this node was looked for")
