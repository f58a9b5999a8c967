"""What the formats for people say of a verdict, in plain words."""

import shlex
from dataclasses import dataclass

from edgediag.compat import assert_never
from edgediag.host.overlay_routes import RAVEN_TABLE, WIREGUARD_TABLE
from edgediag.host.wireguard import RAVEN_DEVICE as WIREGUARD_DEVICE
from edgediag.model.culprit import (
    ArptablesRule,
    CertificateObject,
    CgroupProgramObject,
    ChainPolicy,
    ClockObject,
    ConntrackObject,
    Culprit,
    HostsFileObject,
    IptablesRule,
    LinkObject,
    ListenerObject,
    MtuObject,
    NameLookupObject,
    NeighbourObject,
    NftRule,
    PolicyRuleObject,
    QdiscObject,
    RavenStateObject,
    ResolverObject,
    RouteObject,
    SysctlObject,
    TcFilterObject,
    ToolObject,
    TrackedFlowObject,
    VxlanObject,
    XdpProgramObject,
    XfrmPolicyObject,
)
from edgediag.model.verdict import Landmark, Locus, Place, RootCause, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A culprit as people name it, and the command that shows it; "" where there is none."""

    name: str
    command: str


def where_in_words(conclusion: Verdict | RootCause) -> str:
    """Where a block is: "ON-PATH between 203.0.113.6 and 203.0.113.10", "LOCAL: this node"."""
    places = [place for place in Place if place in conclusion.where]
    segment = _segment(conclusion.after, conclusion.upto)
    if not places:
        return " ".join(("NOT LOCATED", segment)).rstrip()
    if len(places) > 1:
        words = " or ".join(place.name.replace("_", "-") for place in places)
        return f"{' '.join((words, segment)).rstrip()} (cannot be told apart from here)"
    match places[0]:
        case Place.LOCAL:
            return "LOCAL: this node"
        case Place.ON_PATH:
            return f"ON-PATH {segment or 'somewhere before the destination'}"
        case Place.REMOTE:
            return "REMOTE: the destination"
        case _ as never:
            assert_never(never)


def _segment(after: Locus, upto: Locus) -> str:
    """The part of the path between two loci, "" where neither is known."""
    if after is None and upto is None:
        return ""
    if after is None:
        return f"before or at {_locus(upto)}"
    if upto is None:
        return f"behind {_locus(after)}"
    if after == upto:
        return f"at {_locus(after)}"
    return f"between {_locus(after)} and {_locus(upto)}"


def _locus(locus: Locus) -> str:
    match locus:
        case Landmark.EDGE:
            return "this node"
        case Landmark.HOST:
            return "the destination"
        case _:
            return str(locus)


def exhibit(culprit: Culprit) -> Exhibit:
    """The exact object at fault, and how to look at it with a tool that every node has."""
    name, arguments = _name_and_command(culprit)
    return Exhibit(name=name, command=shlex.join(arguments))


def _name_and_command(culprit: Culprit) -> tuple[str, tuple[str, ...]]:
    match culprit:
        case NftRule(family=family, table=table, chain=chain):
            name = f"nft rule in {family} {table} {chain}, handle {culprit.handle}: {culprit.text}"
            return name, ("nft", "-a", "list", "chain", family, table, chain)
        case IptablesRule():
            return _iptables(culprit)
        case ArptablesRule(table=table, chain=chain):
            place = f"{culprit.number} of {table} {chain}"
            command = ("arptables-legacy", "-t", table, "-nvL", chain, "--line-numbers")
            return f"arptables-legacy rule {place}: {culprit.text}", command
        case ChainPolicy(family=family, table=table, chain=chain):
            name = f"policy {culprit.policy} of the chain {family} {table} {chain}"
            return name, ("nft", "list", "chain", family, table, chain)
        case RouteObject():
            return _route(culprit)
        case PolicyRuleObject():
            return f"ip rule {culprit.priority}: {culprit.text}", ("ip", "rule", "show")
        case MtuObject(interface=device):
            return f"MTU {culprit.octets} of {device}", ("ip", "link", "show", "dev", device)
        case SysctlObject():
            return f"sysctl {culprit.key} = {culprit.value}", ("sysctl", culprit.key)
        case NeighbourObject(interface=device, address=address):
            name = f"neighbour {address} on {device}: {culprit.state}"
            return name, ("ip", "neigh", "show", str(address), "dev", device)
        case LinkObject(interface=device):
            return f"link {device}: {culprit.state}", ("ip", "link", "show", "dev", device)
        case XdpProgramObject() | CgroupProgramObject() | TcFilterObject():
            return _program(culprit)
        case ListenerObject():
            return _listener(culprit)
        case QdiscObject(interface=device):
            name = f"queueing discipline {culprit.discipline} {culprit.handle} of {device}"
            return name, ("tc", "-s", "qdisc", "show", "dev", device)
        case VxlanObject(interface=device):
            source = "" if culprit.local is None else f", from {culprit.local}"
            name = f"VXLAN device {device}: VNI {culprit.vni}, port {culprit.port}{source}"
            return name, ("ip", "-d", "link", "show", "dev", device)
        case XfrmPolicyObject(direction=direction):
            name = f"xfrm policy {culprit.action} {direction}: {culprit.selector}"
            return name, ("ip", "xfrm", "policy", "list", "dir", direction)
        case ResolverObject() | NameLookupObject() | HostsFileObject() | CertificateObject():
            return _in_file(culprit)
        case ClockObject():
            return f"clock of this node, {culprit.offset_s:+.3f} s off", ("date", "-u")
        case ConntrackObject(entries=entries, limit=limit):
            return f"connection tracking: {entries} of {limit} entries", ("conntrack", "-S")
        case TrackedFlowObject(source_port=port, destination=destination):
            name = (
                f"tracked connection {culprit.source}:{port} to {destination}:"
                f"{culprit.destination_port}, sent from {culprit.given}"
            )
            lookup = ("--orig-src", str(culprit.source), "--orig-port-src", str(port))
            return name, ("conntrack", "-L", "-p", "udp", *lookup)
        case RavenStateObject():
            return _raven(culprit)
        case ToolObject(names=names):
            return f"not installed: {', '.join(names)}", ()
        case _ as never:
            assert_never(never)


def _in_file(
    culprit: ResolverObject | NameLookupObject | HostsFileObject | CertificateObject,
) -> tuple[str, tuple[str, ...]]:
    match culprit:
        case ResolverObject(path=path, line=0):
            return f"{path} names no resolver, {culprit.address} is asked", ("cat", path)
        case ResolverObject(path=path, line=line) | NameLookupObject(path=path, line=line):
            return f"{path}, line {line}: {culprit.text}", ("sed", "-n", f"{line}p", path)
        case HostsFileObject(path=path, line=line):
            name = f"{path}, line {line}: {culprit.address} {culprit.name}"
            return name, ("sed", "-n", f"{line}p", path)
        case CertificateObject(path=path):
            name = f"certificate of {culprit.agent} in {path}, valid until {culprit.not_after}"
            return name, ("openssl", "x509", "-noout", "-dates", "-issuer", "-in", path)
        case _ as never:
            assert_never(never)


def _program(
    culprit: XdpProgramObject | CgroupProgramObject | TcFilterObject,
) -> tuple[str, tuple[str, ...]]:
    command: tuple[str, ...]
    match culprit:
        case XdpProgramObject(interface=device):
            name = f"{culprit.mode} XDP program {culprit.program} {culprit.name} on {device}"
            command = "ip", "-d", "link", "show", "dev", device
        case CgroupProgramObject(program=program, attach=attach):
            group = culprit.group or "above those in sight"
            name = f"cgroup program {program} {culprit.name} at {attach} of group {group}"
            command = "bpftool", "prog", "show", "id", str(program)
        case TcFilterObject(classifier="tcx", interface=device, direction=direction):
            name = f"TCX program {culprit.handle} {culprit.name} at {direction} of {device}"
            command = "bpftool", "net", "show", "dev", device
        case TcFilterObject(interface=device, direction=direction):
            name = (
                f"{culprit.classifier} filter {culprit.name} at {direction} of {device}, "
                f"preference {culprit.preference}, handle {culprit.handle:#x}"
            )
            command = "tc", "filter", "show", "dev", device, direction
        case _ as never:
            assert_never(never)
    # Where a program has no name.
    return " ".join(name.split()), command


def _raven(culprit: RavenStateObject) -> tuple[str, tuple[str, ...]]:
    match culprit.part:
        case "device":
            return f"Raven's raven0: {culprit.state}", ("ip", "-d", "link", "show", "raven0")
        case "table":
            command = ("ip", "route", "show", "table", str(RAVEN_TABLE))
            return f"Raven's table {RAVEN_TABLE}: {culprit.state}", command
        case "ipsec-policies":
            name = f"Raven's policies of IPsec: {culprit.state}"
            return name, ("ip", "xfrm", "policy", "list", "dir", "out")
        case "wireguard-device":
            command = ("ip", "-d", "link", "show", WIREGUARD_DEVICE)
            return f"Raven's {WIREGUARD_DEVICE}: {culprit.state}", command
        case "wireguard-peer":
            name = f"a peer of Raven's {WIREGUARD_DEVICE}: {culprit.state}"
            return name, ("wg", "show", WIREGUARD_DEVICE)
        case "wireguard-table":
            command = ("ip", "route", "show", "table", str(WIREGUARD_TABLE))
            return f"Raven's table {WIREGUARD_TABLE}: {culprit.state}", command
        case "rule" | "wireguard-rule":
            return f"Raven's policy rule: {culprit.state}", ("ip", "rule", "show")
        case name:
            return f"Raven's set {name}: {culprit.state}", ("ipset", "list", name)


def _iptables(rule: IptablesRule) -> tuple[str, tuple[str, ...]]:
    name = f"iptables-{rule.backend} rule {rule.number} of {rule.table} {rule.chain}: {rule.text}"
    tool = f"iptables-{rule.backend}"
    return name, (tool, "-t", rule.table, "-nvL", rule.chain, "--line-numbers")


def _route(route: RouteObject) -> tuple[str, tuple[str, ...]]:
    family = ("-6",) if ":" in route.prefix else ()
    name = f"{route.type_} route {route.prefix} in table {route.table}"
    return name, ("ip", *family, "route", "show", "table", str(route.table))


def _listener(listener: ListenerObject) -> tuple[str, tuple[str, ...]]:
    service = f"{listener.protocol} port {listener.port}"
    name = f"{service} is bound to {listener.address} only"
    if not listener.address:
        name = f"nothing listens on {service}"
    family = "-u" if listener.protocol == "udp" else "-t"
    return name, ("ss", "-lnp", family, f"sport = :{listener.port}")
