"""Everything that the node's files say of its cluster, weighed by who says it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from edgediag.discovery.arguments import CACHE_PATH
from edgediag.discovery.containerd import said_by_containerd
from edgediag.discovery.document import parse_json, text_at
from edgediag.discovery.flannel import said_by_flannel
from edgediag.discovery.gateways import facts_of, newest
from edgediag.discovery.given import Given
from edgediag.discovery.hub_cache import ROOT, said_by_cache
from edgediag.discovery.kube_object import said_by_object
from edgediag.discovery.kubeconfig import said_by_kubeconfigs
from edgediag.discovery.kubelet_config import said_by_kubelet_config
from edgediag.discovery.mirrors import said_by_mirrors
from edgediag.discovery.node_name import said_by_hostname
from edgediag.discovery.pod import said_by_manifests
from edgediag.discovery.processes import said_by_processes
from edgediag.discovery.raven import Node, facts_of_gateways
from edgediag.discovery.reader import Reader
from edgediag.discovery.settle import Settled, settle
from edgediag.discovery.source_file import Said, SourceFile, said_by
from edgediag.discovery.time_servers import said_by_time_configuration
from edgediag.discovery.units import said_by_units
from edgediag.discovery.wireguard_device import said_by_device
from edgediag.model.answer import NotChecked
from edgediag.model.gateway import Gateway
from edgediag.model.statement import Gap, Statement

MAX_CACHES = 4
MAX_GAPS = 64
# A Service lists all ports of a load balancer; what is dialled stands in the Gateways.
_OF_SERVICES = frozenset(("raven-proxy", "raven-tunnel"))
_OF_NODE = frozenset(("node-name", "pool-gateway"))
_OF_OTHERS = frozenset(("gateway", "node-address", "pod-cidr", "vtep"))
_WEAKER: tuple[Callable[[Reader], Iterator[Said]], ...] = (
    said_by_manifests,
    said_by_units,
    said_by_kubeconfigs,
    said_by_kubelet_config,
    said_by_flannel,
    said_by_containerd,
    said_by_mirrors,
    said_by_time_configuration,
    said_by_hostname,
)
"""Behind saved objects, running agents, the API server and the hub's cache, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found.

    alone     as if nothing had been stated
    settled   with what was stated above all of it
    warnings  what could not be read or used
    missing   the files that were looked for in vain
    """

    gateways: tuple[Gateway, ...]
    alone: Settled
    settled: Settled
    warnings: tuple[str, ...]
    missing: tuple[str, ...]


def find(reader: Reader, given: Given, stated: Sequence[Statement]) -> Found:
    """All statements of all sources, the strongest of each fact holding.

    What an operator saved comes first, what runs second, what the cloud says now third and what it
    said last fourth, and configuration that may never have been used last.
    """
    of_saved = [said for file in given.saved for said in _said_by_saved(file)]
    of_server = [said for item in given.fetched for said in _said_by_fetched(item)]
    of_processes = [*said_by_device(reader), *said_by_processes(reader)]
    weaker = [list(say(reader)) for say in _WEAKER]
    of_cache = list(_caches(reader, [*of_processes, *(said for some in weaker for said in some)]))
    everything: list[Sequence[Said]] = [of_saved, of_processes, of_server, of_cache, *weaker]
    saved, fetched, cached = map(_gateways_in, (of_saved, of_server, of_cache))
    gateways = newest(saved or fetched or cached)
    node, ambiguous = _node(everything)
    derived = list(facts_of_gateways(gateways, node))
    ranks = _with_gateways(everything, derived, is_saved=bool(saved))
    ranks += [list(facts_of(gateways)), list(facts_of([*saved, *fetched, *cached]))]
    sources = [_of_this_node(rank, node.name) for rank in ranks]
    alone, settled = settle(sources), settle([stated, *sources])
    told = (said for rank in [*everything, derived] for said in rank)
    gaps = [*(said for said in told if isinstance(said, Gap)), *alone.gaps, *ambiguous]
    return Found(
        gateways=gateways,
        alone=alone,
        settled=settled,
        warnings=_reasons(gaps, is_missing=False),
        missing=_reasons(gaps, is_missing=True),
    )


def _with_gateways(
    everything: Sequence[Sequence[Said]], derived: Sequence[Said], *, is_saved: bool
) -> list[Sequence[Said]]:
    """The sources by their rank; what follows from Gateways stands where these were read."""
    of_saved, of_processes, of_server, of_cache, *weaker = everything
    fresh, fresh_services = _apart(of_server)
    objects, services = _apart(of_cache)
    behind = [fresh_services, services, *weaker]
    if is_saved:
        return [derived, of_saved, of_processes, fresh, objects, *behind]
    return [of_saved, of_processes, fresh, objects, derived, *behind]


def _said_by_saved(file: SourceFile) -> Iterator[Said]:
    said = tuple(said_by(file, said_by_object))
    nothing = Gap(reason=f"{file.path} holds no object that says anything", is_missing=False)
    yield from said or (nothing,)


def _said_by_fetched(item: SourceFile | Gap) -> Iterator[Said]:
    """What an object of the API server says, or a list of them, which may go on."""
    if isinstance(item, Gap):
        yield item
        return
    yield from said_by(item, said_by_object, parse_json)
    documents = parse_json(item.text)
    if not isinstance(documents, NotChecked) and text_at(documents[0], "metadata", "continue"):
        yield Gap(reason=f"{item.path}: only the first of them were read", is_missing=False)


def _gateways_in(said: Iterable[Said]) -> list[Gateway]:
    return [item for item in said if isinstance(item, Gateway)]


def _reasons(gaps: Iterable[Gap], *, is_missing: bool) -> tuple[str, ...]:
    reasons = dict.fromkeys(gap.reason for gap in gaps if gap.is_missing is is_missing)
    if len(reasons) <= MAX_GAPS:
        return tuple(reasons)
    return (*tuple(reasons)[:MAX_GAPS], f"{len(reasons) - MAX_GAPS} more of this are left out")


def _caches(reader: Reader, others: Iterable[Said]) -> Iterator[Said]:
    """What the hub's cache says, wherever a hub was told to keep it."""
    told = (item for item in others if isinstance(item, Statement) and item.name == CACHE_PATH)
    roots = dict.fromkeys((ROOT, *(item.value.rstrip("/") for item in told)))
    for root in list(roots)[:MAX_CACHES]:
        if root.startswith("/"):
            yield from said_by_cache(reader, root)


def _apart(said: Iterable[Said]) -> tuple[list[Said], list[Said]]:
    """What Services say of Raven's addresses apart from the rest."""
    objects: list[Said] = []
    services: list[Said] = []
    for item in said:
        is_service = isinstance(item, Statement) and item.name in _OF_SERVICES
        (services if is_service else objects).append(item)
    return objects, services


def _node(sources: Iterable[Iterable[Said]]) -> tuple[Node, tuple[Gap, ...]]:
    """This node; without a name, and with a gap, where one source knows several."""
    named = [
        [item for item in source if isinstance(item, Statement) and item.name in _OF_NODE]
        for source in sources
    ]
    settled = settle(named)
    names = settled.values("node-name")
    if len(names) != 1:
        reason = f"the node has several names, so its role is not known: {', '.join(names)}"
        gap = Gap(reason=reason, is_missing=False)
        return Node(name="", pool_gateway=""), (gap,) if names else ()
    labels = (item for item in settled.statements if item.name == "pool-gateway")
    found = (item.value for item in labels if item.node == names[0])
    return Node(name=names[0], pool_gateway=next(found, "")), ()


def _of_this_node(said: Iterable[Said], node_name: str) -> list[Statement]:
    """The statements, those about this node by its name made ones about this very node.

    Of other nodes only their place in the network is kept: their region may be another.
    """
    statements = (item for item in said if isinstance(item, Statement) and item.name != CACHE_PATH)
    return [
        replace(item, node="") if item.node == node_name and item.name != "gateway" else item
        for item in statements
        if item.node in ("", node_name) or item.name in _OF_OTHERS
    ]
