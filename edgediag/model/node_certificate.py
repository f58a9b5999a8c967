"""The certificates by which this node's own agents are known to the cloud, without their keys."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgediag.model.answer import NotChecked


class CertificateUse(Enum):
    """To whom it is shown: the API server, by hub or kubelet, or the gateway of Raven's proxy."""

    API_SERVER = "api-server"
    RAVEN_PROXY = "raven-proxy"


class Signer(Enum):
    """Who signed a certificate, by name and by the identifier of the key; no signature is checked.

    AUTHORITY  the cluster's authority that this node has, or somebody it signed for
    OTHER_KEY  somebody of its name with another key, as the authority of a cluster built anew
    STRANGER   somebody of another name
    """

    AUTHORITY = "authority"
    OTHER_KEY = "other-key"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """How a certificate stands to the cluster's authority in a file of this node."""

    signer: Signer
    authority_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCertificate:
    """A certificate in a file of this node.

    agent   whose it is: "edge-hub", "yurthub", "kubelet" or "raven-agent-ds"
    issuer  in one line; data from outside
    not_before_s, not_after_s  seconds since the epoch
    is_refused  the API server took it for nobody's in this run
    """

    agent: str
    use: CertificateUse
    path: str
    issuer: str
    not_before_s: float
    not_after_s: float
    lineage: Lineage | NotChecked
    is_refused: bool | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What time it is, in seconds since the epoch.

    here_s    by this node's clock
    others_s  by each time server that answered, ascending
    """

    here_s: float
    others_s: tuple[float, ...]


NO_AUTHORITY: Final = NotChecked(reason="this node has no file of the cluster's authority")
NOT_SHOWN: Final = NotChecked(reason="it was not shown to the API server in this run")
NO_CERTIFICATES: Final = NotChecked(reason="no certificate of this node's agents was looked for")
NO_MOMENT: Final = NotChecked(reason="what time it was is not recorded")
