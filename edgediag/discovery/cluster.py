"""All facts of the cluster, each from the strongest source that knows it."""

from dataclasses import dataclass

from edgediag.discovery.agents import agents_of
from edgediag.discovery.forward_proxies import discover_forward_proxies, forward_proxy_facts
from edgediag.discovery.given import Given, with_both_raven_hosts
from edgediag.discovery.host import format_host_port
from edgediag.discovery.hosts_file import MAX_ENTRIES, parse_hosts_file
from edgediag.discovery.node_name import PATH as HOSTNAME
from edgediag.discovery.nsswitch import parse_nsswitch
from edgediag.discovery.os_release import PATHS as OS_RELEASE_PATHS
from edgediag.discovery.os_release import parse_os_release
from edgediag.discovery.package_sources import PackageSources, discover_package_sources
from edgediag.discovery.reader import Reader
from edgediag.discovery.region import region_warning
from edgediag.discovery.resolv_conf import (
    DEFAULT_NAME_SERVERS,
    parse_resolv_conf,
    parse_search,
)
from edgediag.discovery.stated import answer_of, phases_of
from edgediag.discovery.systemd_resolved import upstreams_of
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import (
    NO_LOOKUP,
    ClusterFacts,
    Fact,
    ForwardProxy,
    HostsEntry,
    NameLookup,
    Phase,
    ResolverLine,
    SearchList,
)
from edgediag.model.flow import Address
from edgediag.names.lookup import heeds_hosts_file

RESOLV_CONF = "/etc/resolv.conf"
HOSTS_FILE = "/etc/hosts"
NSSWITCH = "/etc/nsswitch.conf"
DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """What the node's files say, before it is put beside what was stated."""

    package_sources: PackageSources
    resolvers: tuple[Address, ...]
    resolver_lines: tuple[ResolverLine, ...] | NotChecked
    hosts_entries: tuple[HostsEntry, ...]
    lookup: NameLookup | NotChecked
    upstreams: tuple[ResolverLine, ...] | NotChecked
    search: SearchList | NotChecked
    forward_proxies: tuple[ForwardProxy, ...]
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]


def discover(reader: Reader, given: Given) -> ClusterFacts:
    """What was stated, completed by what the node's files say, completed by defaults.

    raises  UsageError where something stated cannot be used
    """
    stated = with_both_raven_hosts(given.stated)
    agents = agents_of(reader, given)
    phases = phases_of(stated)
    node = _read_node(reader)
    by_default = () if phases else (Fact(name="phase", value="run", source=DEFAULT),)
    warning = None if agents.region is None else region_warning(agents.region)
    return ClusterFacts(
        region=agents.region,
        version=agents.version,
        phases=phases or (Phase.RUN,),
        api_servers=agents.api_servers,
        raven_proxies=agents.proxies.hosts,
        raven_tunnels=agents.tunnels.hosts,
        tunnel_servers=agents.tunnel_servers,
        peers=agents.peers,
        self_hosted_ntp=answer_of(stated, "self-hosted-ntp"),
        proxy_mode=agents.proxies.is_on,
        tunnel_mode=agents.tunnels.is_on,
        package_sources=tuple(source.place for source in node.package_sources.sources),
        resolvers=node.resolvers,
        resolver_lines=node.resolver_lines,
        hosts_entries=node.hosts_entries,
        facts=(*stated, *by_default, *agents.facts, *node.facts),
        warnings=(
            *(() if warning is None else (warning,)), *agents.warnings, *node.warnings
        ),
        advertised_proxies=agents.proxies.advertised,
        advertised_tunnels=agents.tunnels.advertised,
        proxy_role=agents.proxies.role,
        tunnel_role=agents.tunnels.role,
        distribution=agents.distribution,
        vpn_driver=agents.vpn_driver,
        api_last_reached_s=agents.api_last_reached_s,
        gateways=agents.gateways,
        statements=agents.statements,
        conflicts=agents.conflicts,
        missing=agents.missing,
        lookup=node.lookup,
        upstreams=node.upstreams,
        search=node.search,
        forward_proxies=node.forward_proxies,
    )


def _read_node(reader: Reader) -> _Node:
    package_sources = discover_package_sources(reader)
    lines = _resolver_lines(reader)
    resolvers = () if isinstance(lines, NotChecked) else tuple(line.address for line in lines)
    upstreams = upstreams_of(lines, reader)
    hosts_entries, hosts_warnings = _hosts_entries(reader)
    lookup = _lookup(reader)
    search = _search(reader)
    forward_proxies, proxy_warnings = discover_forward_proxies(reader)
    return _Node(
        package_sources=package_sources,
        resolvers=resolvers or DEFAULT_NAME_SERVERS,
        resolver_lines=lines,
        hosts_entries=hosts_entries,
        lookup=lookup,
        upstreams=upstreams,
        search=search,
        forward_proxies=forward_proxies,
        facts=(
            *_os_facts(reader),
            *_package_facts(package_sources),
            *forward_proxy_facts(forward_proxies),
            *_lookup_facts(lookup),
            *_resolver_facts(resolvers),
            *_search_facts(search),
            *_upstream_facts(upstreams),
            *(_hosts_fact(entry) for entry in hosts_entries),
        ),
        warnings=(
            *package_sources.warnings,
            *_resolver_warnings(lines),
            *hosts_warnings,
            *proxy_warnings,
            *_lookup_warnings(lookup, hosts_entries),
        ),
    )


def _resolver_lines(reader: Reader) -> tuple[ResolverLine, ...] | NotChecked:
    text = reader.read_text(RESOLV_CONF)
    return text if isinstance(text, NotChecked) else parse_resolv_conf(text, RESOLV_CONF)


def _search(reader: Reader) -> SearchList | NotChecked:
    text, hostname = reader.read_text(RESOLV_CONF), reader.read_text(HOSTNAME)
    if isinstance(text, NotChecked):
        return text
    return parse_search(text, "" if isinstance(hostname, NotChecked) else hostname.strip())


def _search_facts(search: SearchList | NotChecked) -> tuple[Fact, ...]:
    if isinstance(search, NotChecked) or not search.domains:
        return ()
    value = f"{' '.join(domain or '.' for domain in search.domains)} ndots:{search.ndots}"
    return (Fact(name="search-list", value=value, source=RESOLV_CONF),)


def _resolver_facts(stated: tuple[Address, ...]) -> tuple[Fact, ...]:
    source = RESOLV_CONF if stated else DEFAULT
    servers = stated or DEFAULT_NAME_SERVERS
    return tuple(Fact(name="resolver", value=str(a), source=source) for a in servers)


def _resolver_warnings(lines: tuple[ResolverLine, ...] | NotChecked) -> tuple[str, ...]:
    if not isinstance(lines, NotChecked):
        return ()
    return (f"name servers are not known, 127.0.0.1 is taken: {lines.reason}",)


def _upstream_facts(lines: tuple[ResolverLine, ...] | NotChecked) -> tuple[Fact, ...]:
    named = () if isinstance(lines, NotChecked) else lines
    return tuple(
        Fact(name="upstream-resolver", value=str(line.address), source=line.path) for line in named
    )


def _lookup(reader: Reader) -> NameLookup | NotChecked:
    text = reader.read_text(NSSWITCH)
    return text if isinstance(text, NotChecked) else parse_nsswitch(text, NSSWITCH) or NO_LOOKUP


def _lookup_facts(lookup: NameLookup | NotChecked) -> tuple[Fact, ...]:
    if isinstance(lookup, NotChecked):
        return ()
    source = f"{lookup.path}:{lookup.line}"
    return (Fact(name="name-lookup", value=" ".join(lookup.sources), source=source),)


def _lookup_warnings(
    lookup: NameLookup | NotChecked, entries: tuple[HostsEntry, ...]
) -> tuple[str, ...]:
    if isinstance(lookup, NotChecked) or heeds_hosts_file(lookup) or not entries:
        return ()
    where = f"line {lookup.line} of {lookup.path} ({lookup.text})"
    return (f"{where} leaves the hosts file out: its {len(entries)} names count for nothing",)


def _hosts_entries(reader: Reader) -> tuple[tuple[HostsEntry, ...], tuple[str, ...]]:
    text = reader.read_text(HOSTS_FILE)
    if isinstance(text, NotChecked):
        return (), (f"names that a hosts file overrides are not known: {text.reason}",)
    entries = parse_hosts_file(text, HOSTS_FILE)
    is_cut = len(entries) == MAX_ENTRIES
    warnings = (f"only the first {MAX_ENTRIES} names of {HOSTS_FILE} are considered",)
    return entries, warnings if is_cut else ()


def _os_facts(reader: Reader) -> tuple[Fact, ...]:
    for path in OS_RELEASE_PATHS:
        text = reader.read_text(path)
        if isinstance(text, str):
            name = parse_os_release(text)
            return () if name is None else (Fact(name="os", value=name, source=path),)
    return ()


def _package_facts(found: PackageSources) -> tuple[Fact, ...]:
    return tuple(
        Fact(name="package-source", value=format_host_port(source.place), source=source.path)
        for source in found.sources
    )


def _hosts_fact(entry: HostsEntry) -> Fact:
    return Fact(
        name="hosts-entry",
        value=f"{entry.address} {entry.name}",
        source=f"{entry.path}:{entry.line}",
    )
