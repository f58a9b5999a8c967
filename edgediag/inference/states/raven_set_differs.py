"""Raven's ipsets beside the networks that Gateway objects list."""

from collections.abc import Iterator
from typing import Final

from edgediag.host.ipset import RAVEN_MARK_SET
from edgediag.inference.claim import on_this_host
from edgediag.inference.fault import Fault
from edgediag.inference.networks import lacking
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import RavenStateObject
from edgediag.model.flow import Address
from edgediag.model.host import HostState
from edgediag.model.raven_set import GatewayPool, RavenSet
from edgediag.model.verdict import Mechanism

ID = "raven-set-differs"

_REMEDY: Final = (
    "see in the log of this node's raven-agent why it did not take over the object (raven 0.4.4 "
    "stops at an error that raven0 exists), and restart it: it makes the sets anew"
)


def judge(destination: Address | None, host: HostState) -> Fault | None:
    """A set of Raven's lacks a network of the other end, or takes one of this pool for foreign.

    Holds because   raven-mark-set is to hold the networks of all other pools, and
                    raven-skip-nat-set each of them with each of this pool's, both ways: what is not
                    in them takes no way into the tunnel, or gets another source on it; what of this
                    pool is in the first is sent into the tunnel
    Does not hold   without the set, for a pool of one node has no raven-mark-set, only gateways
                    have the other, and a tunnel that is off neither; for a member that no Gateway
                    lists: an object that was not read may; without the objects
    Asks for        the sets, the Gateway objects, this node's addresses
    source          openyurtio/raven pkg/networkengine/routedriver/vxlan/vxlan.go (raven-mark-set),
                    vpndriver/ipset/ipset.go (raven-skip-nat-set), routedriver/vxlan/utils.go
                    (createVxLanLink adds a link that exists: the sets stay as they were)
    """
    sets = () if isinstance(host.raven_sets, NotChecked) else host.raven_sets
    for item in sets:
        fault = _missing(item, destination, host) or _own(item, host)
        if fault is not None:
            return fault
    return None


def strangers(host: HostState) -> tuple[RavenSet, ...] | NotChecked:
    """The members of Raven's sets that hold a network which no Gateway lists."""
    if isinstance(host.raven_sets, NotChecked) or isinstance(host.gateway_pools, NotChecked):
        return host.raven_sets if isinstance(host.raven_sets, NotChecked) else ()
    listed = [network for pool in host.gateway_pools for network in _of_pool(pool)]
    found = (
        RavenSet(
            name=item.name,
            members=tuple(member for member in item.members if lacking(member, listed)),
        )
        for item in host.raven_sets
    )
    return tuple(item for item in found if item.members and listed)


def _missing(item: RavenSet, destination: Address | None, host: HostState) -> Fault | None:
    ends = () if isinstance(host.gateway_ends, NotChecked) else host.gateway_ends
    for end in ends:
        if destination not in (None, end.address):
            continue
        for side in _sides(item):
            missing = lacking(end.networks, side)
            if missing:
                text = (
                    f"{item.name} lacks {missing[0]}, which is behind Gateway {end.gateway} "
                    f"({end.source}); it has {_shown(item)}"
                )
                return _fault(item, f"without {missing[0]}", text)
    return None


def _own(item: RavenSet, host: HostState) -> Fault | None:
    pool = _own_pool(host) if item.name == RAVEN_MARK_SET else None
    if pool is None:
        return None
    for network in pool.networks:
        if not lacking([network], _firsts(item)):
            text = (
                f"{item.name} holds {network}, which Gateway {pool.gateway} ({pool.source}) lists "
                "as this node's own pool: what is for it is sent into the tunnel"
            )
            return _fault(item, f"with {network} of its own pool", text)
    return None


def _own_pool(host: HostState) -> GatewayPool | None:
    addresses = () if isinstance(host.addresses, NotChecked) else host.addresses
    own = {item.address for item in addresses}
    pools = () if isinstance(host.gateway_pools, NotChecked) else host.gateway_pools
    found = [pool for pool in pools if own & set(pool.nodes)]
    return found[0] if len(found) == 1 else None


def _sides(item: RavenSet) -> Iterator[list[str]]:
    """The networks of a set; of pairs those that come first, and those that come second."""
    for place in range(max((len(member) for member in item.members), default=1)):
        yield [member[place] for member in item.members if place < len(member)]


def _firsts(item: RavenSet) -> list[str]:
    return [member[0] for member in item.members]


def _of_pool(pool: GatewayPool) -> tuple[str, ...]:
    # With --forward-node-ip the nodes' own addresses are members too.
    return (*pool.networks, *map(str, pool.nodes))


def _shown(item: RavenSet) -> str:
    return ", ".join("-".join(member) for member in item.members[:4]) or "no member"


def _fault(item: RavenSet, state: str, text: str) -> Fault:
    culprit = RavenStateObject(part=item.name, state=state)
    claim = on_this_host(Mechanism.RAVEN_NOT_READY, culprit)
    return Fault(claim=claim, text=text, remedy=_REMEDY)
