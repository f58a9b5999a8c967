"""Raven's Gateway objects, and what they make of a node."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from edgediag.model.answer import Answer
from edgediag.model.flow import Address

Network: TypeAlias = IPv4Network | IPv6Network


class RavenMode(Enum):
    """How Raven carries traffic; the value is the `type` of an endpoint."""

    PROXY = "proxy"
    TUNNEL = "tunnel"


class Role(Enum):
    """What a node is to Raven.

    GATEWAY      elected among several nodes of its pool: it alone dials the cloud
    MEMBER       another node of the pool is elected
    SINGLE_NODE  the only node of its pool, and so its gateway
    SOLO         no Gateway lists it: it dials the proxy itself and has no tunnel
    """

    GATEWAY = "gateway"
    MEMBER = "member"
    SINGLE_NODE = "single-node"
    SOLO = "solo"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveEndpoint:
    """A node that was elected for a mode.

    public_ip   "" while it is not known
    is_enabled  what the endpoint's own config says of the mode
    public_key  that its WireGuard has, "" where it says none
    """

    node: str
    mode: RavenMode
    public_ip: str
    port: int
    is_enabled: Answer
    public_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayNode:
    """A node of a Gateway's pool, with the pod networks on it."""

    name: str
    private_ip: Address | None
    subnets: tuple[Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One Gateway object and where it was read.

    is_exposed  others dial it: it stands in the cloud
    replicas    wanted for each mode, where the object says so
    candidates  the nodes that may be elected for a mode
    endpoints   the active ones: candidates that are ready, of a mode that is on
    """

    name: str
    is_exposed: bool
    replicas: tuple[tuple[RavenMode, int], ...]
    candidates: tuple[tuple[RavenMode, str], ...]
    endpoints: tuple[ActiveEndpoint, ...]
    nodes: tuple[GatewayNode, ...]
    path: str
    written_s: float | None
