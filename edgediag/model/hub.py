"""The node's own hub, through which its agents reach the API server."""

from dataclasses import dataclass
from typing import Final, TypeAlias

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


@dataclass(frozen=True, slots=True, kw_only=True)
class HubDoor:
    """What the hub is asked about itself, and where."""

    address: Address
    port: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSaid:
    """The hub answered.

    status  of HTTP
    text    how its answer begins; data from outside
    """

    door: HubDoor
    status: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubClosed:
    """No connection stood, or it ended before an answer of HTTP.

    is_refused  nothing listens there
    """

    door: HubDoor
    is_refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSilent:
    """No answer came in all the time that was waited, and nobody closed."""

    door: HubDoor
    waited_s: float


HubWord: TypeAlias = HubSaid | HubClosed | HubSilent

NO_HUB: Final = NotChecked(reason="no hub of this node was looked for")
HUB_NOT_ASKED: Final = NotChecked(reason="no hub of this node was asked how it fares")
