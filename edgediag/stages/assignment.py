"""What a run is asked to do, and what may make it another while it has begun."""

import typing
from dataclasses import dataclass

from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Anchors
from edgediag.model.cluster import (
    NO_LOOKUP,
    NO_SEARCH,
    NO_UPSTREAMS,
    ForwardProxy,
    HostsEntry,
    NameLookup,
    ResolverLine,
    SearchList,
)
from edgediag.model.endpoint import HostSource, Matrix
from edgediag.model.flow import Address
from edgediag.model.hub import HubEnd
from edgediag.model.image import Image
from edgediag.model.node_certificate import NodeCertificate
from edgediag.model.overlay import NodeEnd
from edgediag.model.raven_set import GatewayPool
from edgediag.model.wireguard import GatewayEnd
from edgediag.names.over_tcp import SUFFIX

RESOLVER = HostSource.RESOLVER.value
NAME_SERVERS = (RESOLVER, RESOLVER + SUFFIX)
"""The endpoints that names hang on."""


class Later(typing.Protocol):
    """What somebody was asked who may answer while the run has begun."""

    def has_come(self) -> bool:
        """True from an answer on that changes what is to be diagnosed, until it is taken."""

    def comes_at_last(self) -> bool:
        """The same at the end of the survey, for whose sake nobody waits who has shown no life."""

    def taken(self) -> "Assignment":
        """What is to be diagnosed with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is to be diagnosed.

    hosts_entries  the names that this node settles by itself
    resolver_lines  that name the resolvers; empty where they are asked by default
    anchors  that certificates are held against
    is_traced      what passes is walked as well
    lookup         where programs of this node look names up
    upstreams      that name the servers behind a stub resolver
    search         what programs put behind names
    nat_timeout_s  how long mappings are left idle at most; 0 where nobody asks
    peers  other nodes of the site, which are asked through the overlay
    node_ends  of flannel's overlay, as the nodes' own objects have them
    gateway_ends  of the tunnels, as Gateway objects have them
    gateway_pools  of all Gateway objects
    hub_ends  of this node's hub, as the kubelet is told
    certificates  by which this node's agents are known to the cloud
    forward_proxies  through which hosts that a registry names are reached
    images  that this node pulls from their own registries, the likeliest first
    later  what may make it another while the survey lasts; None where nobody was asked
    """

    matrix: Matrix
    hosts_entries: tuple[HostsEntry, ...]
    resolver_lines: tuple[ResolverLine, ...] | NotChecked
    timeout_s: float
    anchors: Anchors
    is_traced: bool = False
    lookup: NameLookup | NotChecked = NO_LOOKUP
    upstreams: tuple[ResolverLine, ...] | NotChecked = NO_UPSTREAMS
    search: SearchList | NotChecked = NO_SEARCH
    nat_timeout_s: float = 0.0
    peers: tuple[Address, ...] = ()
    node_ends: tuple[NodeEnd, ...] = ()
    gateway_ends: tuple[GatewayEnd, ...] = ()
    gateway_pools: tuple[GatewayPool, ...] = ()
    hub_ends: tuple[HubEnd, ...] = ()
    certificates: tuple[NodeCertificate, ...] = ()
    forward_proxies: tuple[ForwardProxy, ...] = ()
    images: tuple[Image, ...] | NotChecked = ()
    later: Later | None = None
