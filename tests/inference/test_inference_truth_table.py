"""The truth table of the inference: what is seen of a flow, and what may be said of it."""

from dataclasses import dataclass, replace
from ipaddress import ip_address

import pytest

from edgediag.inference.combine import combine, find
from edgediag.inference.rules import EXCLUSIVE, RULES, RULES_WHERE_SERVED
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Chain, Http2, Presented
from edgediag.model.cluster import HostsEntry, ResolverLine
from edgediag.model.culprit import (
    ArptablesRule,
    CgroupProgramObject,
    ChainPolicy,
    ClockObject,
    ConntrackObject,
    Culprit,
    HostsFileObject,
    IptablesRule,
    LinkObject,
    ListenerObject,
    NeighbourObject,
    NftRule,
    PolicyRuleObject,
    QdiscObject,
    ResolverObject,
    RouteObject,
    SysctlObject,
    TcFilterObject,
    XdpProgramObject,
    XfrmPolicyObject,
)
from edgediag.model.drops import Drop, DropCount, KernelDrop, ProcessDrop, TraceDropped
from edgediag.model.endpoint import ProbeKind
from edgediag.model.evidence import (
    Altered,
    Alternative,
    ClockOffset,
    Control,
    FlowEvidence,
    HandshakeEvidence,
    Kin,
    NameServer,
    Override,
    ProgramVerdict,
    Relation,
)
from edgediag.model.explained import Disposition, End, Explained, Translation
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState, InterfaceAddress, Link, NeighbourState, Sysctl
from edgediag.model.outcome import Outcome, Unanswered
from edgediag.model.packet import Sighting
from edgediag.model.path import Ladder
from edgediag.model.probe import Purpose, Way
from edgediag.model.pull import PullPart, PullStep
from edgediag.model.reply import (
    AnswerOctets,
    Connected,
    ConnectedMute,
    DnsReply,
    IcmpKind,
    IcmpReply,
    ProxyReply,
    Reply,
    SocketError,
    TlsAnswer,
    TlsReply,
)
from edgediag.model.route import PolicyRule, RouteRefused
from edgediag.model.train import Train
from edgediag.model.tunnel import IkeExchange
from edgediag.model.variation import Change, Variation
from edgediag.model.verdict import Certainty, Landmark, Mechanism, Place
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector
from edgediag.stages.variation import AS_ASKED
from story import (
    EDGE,
    GATEWAY,
    HOST,
    NEIGHBOUR_HOST,
    NOT_ASKED,
    SEEN_S,
    acknowledged,
    addresses,
    answered,
    control,
    conversed,
    echo_reply,
    flow,
    flow_evidence,
    flow_of,
    host_state,
    icmp,
    ike_reply,
    ladder,
    link,
    listened,
    neighbour,
    ntp_reply,
    passed,
    presented,
    probe,
    refused,
    registry_says,
    reset,
    route,
    stream,
    surroundings,
    syn_ack,
    target,
    transaction,
    unanswered,
)

LOCAL, ON_PATH, REMOTE = (Place.LOCAL,), (Place.ON_PATH,), (Place.REMOTE,)
OUTSIDE = (Place.ON_PATH, Place.REMOTE)
ANYWHERE = tuple(Place)
HERE_OR_ON_PATH = (Place.LOCAL, Place.ON_PATH)
H1, H2, H3, H4 = GATEWAY, "203.0.113.1", "203.0.113.5", "203.0.113.9"
OTHER_NETWORK = "203.0.113.200"

TUNNEL = flow()
API = flow(Protocol.TCP, port=6443)
TUNNEL_PROBE = probe()
TUNNEL6 = replace(
    TUNNEL, source=ip_address("2001:db8::10"), destination=ip_address("2001:db8:1::21")
)
TUNNEL6_PROBE = probe(on=TUNNEL6)
API_SYN = probe(ProbeKind.TCP_SYN, on=API, check="api-server-6443")
API_TLS = probe(
    ProbeKind.TLS_CLIENT_HELLO,
    on=replace(API, source_port=40001),
    check="api-server-6443",
    id_=2,
)
DNS_PROBE = probe(ProbeKind.DNS, check="resolver-53")
NTP_PROBE = probe(ProbeKind.NTP, check="ntp-aliyun-123")
INNER_PROBE = probe(on=flow(host="10.0.0.21"))
LOST = unanswered(TUNNEL_PROBE)
SERVED = answered(TUNNEL_PROBE, ike_reply())
PAST_THE_STACK = replace(TUNNEL_PROBE, id=9, way=Way.LINK)
LINE = HostsEntry(
    name="raven.example", address=ip_address("192.0.2.9"), path="/etc/hosts", line=3
)
TC_FILTER = TcFilterObject(
    interface="eth0", direction="egress", classifier="bpf", preference=1, handle=1, name="x"
)
TCX_PROGRAM = replace(TC_FILTER, classifier="tcx", preference=0, handle=31)
XDP_PROGRAM = XdpProgramObject(interface="eth0", program=7, name="x", mode="native")
OUT_GROUP = CgroupProgramObject(program=11, name="out", group="/", attach="egress")
OTHER_OUT_GROUP = replace(OUT_GROUP, program=12)
IN_GROUP = CgroupProgramObject(program=13, name="in", group="/", attach="ingress")
RP_FILTER = Sysctl(key="net.ipv4.conf.eth0.rp_filter", value="1")
RP_FILTER_OF_ALL = Sysctl(key="net.ipv4.conf.all.rp_filter", value="0")
NFT_RULE = NftRule(family="inet", table="f", chain="out", handle=4, text="udp dport 4500 drop")
ARP_RULE = NftRule(family="arp", table="f", chain="in", handle=3, text="arp operation reply drop")
ARPTABLES_RULE = ArptablesRule(table="filter", chain="INPUT", number=2, text="-j DROP")

RULE_OF_NAT = IptablesRule(
    backend="nft", table="nat", chain="OUTPUT", number=1, text="-p udp -j DNAT"
)
POLICY = ChainPolicy(family="inet", table="f", chain="out", policy="drop")
NO_TRACE = NotChecked(reason="cannot trace in nf_tables: CAP_NET_ADMIN is missing")
TRANSLATED = Translation(end=End.DESTINATION, rule=RULE_OF_NAT)


def explained(*translations: Translation) -> Explained:
    """A packet that the rules of this host let pass, translated."""
    return Explained(
        disposition=Disposition.PASSES,
        deciders=(),
        translations=translations,
        marks=(),
        hangs_on=(),
    )


def marked(*rules: IptablesRule | NftRule) -> Explained:
    """A packet that the rules of this host let pass, marked by these for another way."""
    return replace(explained(), marks=rules)


def drop(what: Drop, discipline: str) -> DropCount:
    """A counter that rose once."""
    interface, handle = ("eth0", "1:") if discipline else ("", "")
    return DropCount(
        drop=what, interface=interface, discipline=discipline, handle=handle, count=1
    )


def told(
    reason: str, location: str = "", *, is_reply: bool = False, device: str = "eth0"
) -> tuple[KernelDrop, ...]:
    """What the kernel said of one drop."""
    return (
        KernelDrop(reason=reason, location=location, interface=device, is_reply=is_reply),
    )


def sent_as(outcome: Unanswered, wire: Flow) -> Unanswered:
    """The outcome of a probe that this host rewrote on its way out."""
    seen = tuple(
        replace(item, rewritten=wire) if item.sighting is Sighting.TAP_OUT else item
        for item in outcome.seen
    )
    return replace(outcome, seen=seen)


def leaving_by(outcome: Outcome, *devices: str) -> Outcome:
    """The outcome of a probe whose packets left by these devices."""
    left = [item for item in outcome.seen if item.sighting is Sighting.TAP_OUT]
    others = tuple(item for item in outcome.seen if item not in left)
    seen = tuple(replace(left[0], interface=device) for device in devices)
    return replace(outcome, seen=(*seen, *others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The part of a verdict that places the block."""

    where: tuple[Place, ...]
    certainty: Certainty
    after: str | None = None
    upto: str | None = None
    mechanism: Mechanism | None = None
    culprit: Culprit | None = None


def said(evidence: FlowEvidence, host: HostState) -> Said | None:
    verdict = combine("the flow", find(evidence, host))
    if verdict is None:
        return None
    return Said(
        where=verdict.where,
        certainty=verdict.certainty,
        after=text_of(verdict.after),
        upto=text_of(verdict.upto),
        mechanism=verdict.mechanism,
        culprit=verdict.culprit,
    )


def text_of(locus: object) -> str | None:
    return locus.value if isinstance(locus, Landmark) else None if locus is None else str(locus)


def local(mechanism: Mechanism, culprit: Culprit | None = None) -> Said:
    return Said(
        where=LOCAL,
        certainty=Certainty.PROVEN,
        upto="edge",
        mechanism=mechanism,
        culprit=culprit,
    )


def between(after: str, upto: str, mechanism: Mechanism = Mechanism.SILENT_DROP) -> Said:
    return Said(
        where=ON_PATH, certainty=Certainty.BOUNDED, after=after, upto=upto, mechanism=mechanism
    )


def ambiguous(
    after: str | None,
    where: tuple[Place, ...] = OUTSIDE,
    mechanism: Mechanism | None = Mechanism.SILENT_DROP,
) -> Said:
    return Said(
        where=where,
        certainty=Certainty.AMBIGUOUS,
        after=None if Place.LOCAL in where else after,
        upto="host",
        mechanism=mechanism,
    )


NEXT_HOP_FAILED = Said(
    where=(Place.LOCAL, Place.ON_PATH),
    certainty=Certainty.AMBIGUOUS,
    upto=GATEWAY,
    mechanism=Mechanism.NEIGHBOUR_FAILED,
    culprit=NeighbourObject(interface="eth0", address=ip_address(GATEWAY), state="failed"),
)


def remote(after: str, mechanism: Mechanism, certainty: Certainty = Certainty.PROVEN) -> Said:
    return Said(
        where=REMOTE, certainty=certainty, after=after, upto="host", mechanism=mechanism
    )


def at(hop: str, mechanism: Mechanism) -> Said:
    return Said(
        where=ON_PATH, certainty=Certainty.PROVEN, after=hop, upto=hop, mechanism=mechanism
    )


def echo_walk(*rungs: object) -> Ladder:
    return ladder(flow_of(ProbeKind.ICMP_ECHO), rungs)  # type: ignore[arg-type]  # rungs of a story


def other_walk(*rungs: object, host: str = NEIGHBOUR_HOST) -> Ladder:
    on = flow(Protocol.TCP, host=host, port=443)
    return ladder(on, rungs)  # type: ignore[arg-type]  # rungs of a story


WHOLE_ECHO = control(Relation.ECHO, echo_walk(H1, H2, H3, H4, echo_reply()))
WHOLE_PORT = control(
    Relation.SAME_HOST, ladder(flow(Protocol.TCP, port=443), [H1, H2, H3, H4, syn_ack()])
)
WHOLE_NEIGHBOUR = control(Relation.OTHER_HOST, other_walk(H1, H2, H3, H4, syn_ack()))
DARK_ECHO = control(Relation.ECHO, echo_walk(H1, H2, None, None, None))


QUICK_TRAIN = Train(
    check="other",
    protocol=Protocol.TCP,
    destination=API.destination,
    spacing_s=0.03,
    sent=20,
    answered=3,
    packets=(),
)
SERVED_LEG = Variation(
    change=Change.LEG,
    octets=0,
    attempts=(answered(API_SYN, syn_ack()),),
    ladder=NOT_ASKED,
    control=NOT_ASKED,
    trace=NOT_ASKED,
    tracked=AS_ASKED,
)
LOST_LEG = replace(
    SERVED_LEG,
    attempts=(unanswered(API_SYN),),
    ladder=ladder(API, [H1, H2, None, None, None]),
    control=ladder(API, [H1, H2, H3, H4, syn_ack()]),
)


def lost(
    *rungs: object,
    controls: tuple[object, ...] = (WHOLE_ECHO,),
    **more: object,
) -> FlowEvidence:
    """The tunnel's flow, seen leaving and never answered, walked over these rungs."""
    walked = ladder(TUNNEL, rungs)  # type: ignore[arg-type]  # rungs of a story
    return flow_evidence(
        LOST, walked=walked, controls=controls, **more  # type: ignore[arg-type]  # passed through
    )


def reset_walk(
    *rungs: object, hop_limit: int = 60, controls: object = (WHOLE_PORT,)
) -> FlowEvidence:
    """The API server's port answered with a reset."""
    return flow_evidence(
        answered(API_SYN, reset(hop_limit)),
        answered(API_TLS, reset(hop_limit)),
        walked=ladder(API, rungs),  # type: ignore[arg-type]  # rungs of a story
        controls=controls,  # type: ignore[arg-type]  # passed through
    )


def with_links(*links: Link) -> HostState:
    addresses = tuple(
        InterfaceAddress(interface=item.name, address=ip_address(EDGE), prefix_length=24)
        for item in links
    )
    return replace(host_state(), links=links, addresses=addresses)


ETH0_DOWN = replace(link(), is_up=False, has_carrier=False)
ETH1_DOWN = replace(ETH0_DOWN, name="eth1", index=3)
CNI0 = replace(link(), name="cni0", kind="bridge", index=4)
NO_DEFAULT = RouteObject(type_="missing", prefix="default", table=254)
NO_WAY = RouteRefused(errno_name="ENETUNREACH", culprit=NO_DEFAULT)


DEFAULT_ROUTE = RouteObject(type_="unicast", prefix="default", table=254)
DEFAULT_TTL = Sysctl(key="net.ipv4.ip_default_ttl", value="3")
FOREIGN = ip_address("198.51.100.200")
LEADING = PolicyRule(
    priority=100, action="lookup", table=100, text="from all to 198.51.0.0/16 lookup 100"
)
DARK = surroundings(silent=[HOST, OTHER_NETWORK])
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:77")


def with_addresses(*owned: tuple[str, int]) -> HostState:
    addresses = tuple(
        InterfaceAddress(interface="eth0", address=ip_address(text), prefix_length=length)
        for text, length in owned
    )
    return replace(host_state(), addresses=addresses)


def other_way(change: Altered, *, is_answered: bool = True) -> Alternative:
    """The tunnel's question put another way."""
    asked = probe(id_=50, purpose=Purpose.ALTERNATIVE, way=Way.LINK)
    return Alternative(
        change=change,
        interface="eth0",
        next_hop=ip_address(GATEWAY),
        outcome=answered(asked, ike_reply()) if is_answered else unanswered(asked),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is seen, what may be said, and which rules must fire or stay silent on it."""

    evidence: FlowEvidence
    verdict: Said | None
    fires: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    host: HostState = host_state()


def tracking(entries: str, limit: str) -> HostState:
    """A host whose connection tracking holds so many entries."""
    keys = ("net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max")
    values = zip(keys, (entries, limit), strict=True)
    return replace(
        host_state(), sysctls=tuple(Sysctl(key=key, value=value) for key, value in values)
    )


def xfrm_block(direction: str, host: str) -> XfrmPolicy:
    """A policy that blocks every UDP packet to a host, or from it."""
    ends = [(ip_address(EDGE), 32), (ip_address(host), 32)]
    source, destination = ends if direction == "out" else ends[::-1]
    selector = XfrmSelector(
        source=source,
        destination=destination,
        source_port=(0, 0),
        destination_port=(0, 0),
        ip_protocol=17,
        is_narrower=False,
    )
    return XfrmPolicy(
        direction=direction, action="block", priority=0, index=1, selector=selector, templates=()
    )


def xfrm_culprit(direction: str, host: str) -> XfrmPolicyObject:
    """The same policy as it is named."""
    source, destination = (EDGE, host) if direction == "out" else (host, EDGE)
    return XfrmPolicyObject(
        direction=direction,
        action="block",
        priority=0,
        selector=f"src {source}/32 dst {destination}/32 proto udp",
    )


STUB = replace(DNS_PROBE, flow=replace(DNS_PROBE.flow, destination=ip_address("127.0.0.53")))
STUB_AT_OWN = replace(DNS_PROBE, flow=replace(DNS_PROBE.flow, destination=ip_address(EDGE)))
SERVFAIL = DnsReply(rcode=2, addresses=(), is_truncated=False, hop_limit=64)

ON_THIS_HOST = [
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(outcome, way=route(None, interface="lo", is_local=True)),
                verdict=verdict,
                fires=("own-service",),
                silent=("never-left", "icmp-from-host", "route-to-self", "service-answer"),
            ),
            id=name,
        )
        for name, outcome, verdict in (
            (
                "a stub resolver that is not running",
                answered(STUB, icmp(IcmpKind.PORT_UNREACHABLE, "127.0.0.53"), has_left=False),
                local(
                    Mechanism.NOT_LISTENING, ListenerObject(protocol="udp", port=53, address="")
                ),
            ),
            (
                "a stub resolver that says SERVFAIL may wait for a server elsewhere",
                answered(STUB, SERVFAIL, has_left=False),
                Said(
                    where=ANYWHERE,
                    certainty=Certainty.AMBIGUOUS,
                    upto="host",
                    mechanism=Mechanism.DNS_FAILURE,
                ),
            ),
            (
                "a silent resolver at an address of our own",
                unanswered(STUB_AT_OWN, has_left=False),
                Said(
                    where=ANYWHERE,
                    certainty=Certainty.AMBIGUOUS,
                    upto="host",
                    mechanism=Mechanism.DNS_FAILURE,
                ),
            ),
            ("a stub that the kernel refuses", refused(STUB), local(Mechanism.LOCAL_DROP)),
            (
                "a service on the loopback address that hangs",
                unanswered(
                    probe(on=replace(TUNNEL, destination=ip_address("127.0.0.1"))), has_left=False
                ),
                local(Mechanism.SERVICE_SILENT),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE, "ENETUNREACH"), way=NO_WAY),
            verdict=local(Mechanism.NO_ROUTE, NO_DEFAULT),
            fires=("route-refused", "never-left"),
            silent=("link-down",),
        ),
        id="no default route",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE, "ENETUNREACH"), way=NO_WAY),
            verdict=local(Mechanism.LINK_DOWN, LinkObject(interface="eth0", state="down")),
            fires=("link-down", "route-refused"),
            host=with_links(ETH0_DOWN, CNI0),
        ),
        id="the only uplink is set down, and its routes went with it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE, "ENETUNREACH"), way=NO_WAY),
            verdict=local(Mechanism.NO_ROUTE, NO_DEFAULT),
            silent=("link-down",),
            host=with_links(link(), ETH1_DOWN),
        ),
        id="a spare uplink that is down is not the reason for a missing route",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False), uplink=link(has_carrier=False)
            ),
            verdict=Said(
                where=(Place.LOCAL, Place.ON_PATH),
                certainty=Certainty.AMBIGUOUS,
                upto=GATEWAY,
                mechanism=Mechanism.LINK_DOWN,
                culprit=LinkObject(interface="eth0", state="no carrier"),
            ),
            fires=("link-down",),
            silent=("never-left",),
        ),
        id="the uplink lost its carrier: its own cable, or the other end of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                uplink=replace(link(has_carrier=False), name="eth1"),
            ),
            verdict=local(Mechanism.LINK_DOWN, LinkObject(interface="eth1", state="no carrier")),
            fires=("link-down",),
        ),
        id="a device without carrier is preferred to an uplink with one",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    refused(TUNNEL_PROBE, errno),
                    way=RouteRefused(errno_name=errno, culprit=culprit),
                ),
                verdict=local(mechanism, culprit),
                fires=("route-refused",),
            ),
            id=f"the kernel refuses a route with {errno}, {'named' if culprit else 'unnamed'}",
        )
        for errno, mechanism, culprit in (
            (
                "EINVAL",
                Mechanism.BLACKHOLE_ROUTE,
                RouteObject(type_="blackhole", prefix=f"{HOST}/32", table=254),
            ),
            ("EACCES", Mechanism.PROHIBIT_ROUTE, PolicyRuleObject(priority=9, text="prohibit")),
            (
                "ENETUNREACH",
                Mechanism.UNREACHABLE_ROUTE,
                PolicyRuleObject(priority=9, text="from all unreachable"),
            ),
            (
                "ENETUNREACH",
                Mechanism.NO_ROUTE,
                PolicyRuleObject(priority=32766, text="missing: from all lookup main"),
            ),
            ("EHOSTUNREACH", Mechanism.UNREACHABLE_ROUTE, None),
        )
    ),
    pytest.param(
        Picture(
            evidence=lost(H1, None, way=route(is_local=True, interface="kube-ipvs0")),
            verdict=None,
            fires=("route-to-self",),
        ),
        id="a flow that left and a destination that is our own contradict each other",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                way=route(None, interface="kube-ipvs0", is_local=True),
            ),
            verdict=local(
                Mechanism.MISROUTE, RouteObject(type_="local", prefix="default", table=254)
            ),
            fires=("route-to-self", "never-left"),
        ),
        id="the load balancer's address is bound on this host",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                trace=TraceDropped(
                    culprit=NFT_RULE, hook="output", is_reject=False, is_reply=False
                ),
            ),
            verdict=local(Mechanism.RULE_DROP, NFT_RULE),
            fires=("traced-drop", "never-left"),
            silent=("xfrm-blocks",),
        ),
        id="the kernel names the rule that drops",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                trace=TraceDropped(culprit=NFT_RULE, hook="output", is_reject=True, is_reply=False),
            ),
            verdict=local(Mechanism.RULE_REJECT, NFT_RULE),
            fires=("traced-drop",),
        ),
        id="the kernel names the rule that rejects",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                trace=passed(),
                kernel_drops=told("BPF_CGROUP_EGRESS", "ip_finish_output"),
            ),
            verdict=local(Mechanism.CGROUP_DROP),
            fires=("kernel-dropped", "never-left"),
            silent=("xfrm-blocks",),
        ),
        id="the kernel says that a control group's program dropped the packet",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("SOCKET_FILTER", "tcp_v4_rcv", is_reply=True),
            ),
            verdict=local(Mechanism.CGROUP_DROP),
            fires=("kernel-dropped", "answer-not-delivered"),
            silent=("cgroup-refuses",),
        ),
        id="the kernel says that a program on the socket dropped the answer",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("SOCKET_FILTER", "raw_rcv", is_reply=True),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("kernel-dropped",),
        ),
        id="a raw socket gets copies: nothing is blamed for what one does not get",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("NO_SOCKET", "tcp_v4_rcv", is_reply=True),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("kernel-dropped",),
        ),
        id="NO_SOCKET of an answer blames nobody",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("TCP_RESET", "tcp_rcv_state_process", is_reply=True),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("kernel-dropped",),
        ),
        id="TCP_RESET of an answer blames nobody",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("SOCKET_RCVBUFF", "udp_queue_rcv_one_skb", is_reply=True),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("kernel-dropped",),
        ),
        id="SOCKET_RCVBUFF of an answer blames nobody",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("QUEUE_PURGE", "skb_queue_purge_reason", is_reply=True),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("kernel-dropped",),
        ),
        id="QUEUE_PURGE of an answer blames nobody",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("SOMETHING_NEW", "a_function", is_reply=True),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("kernel-dropped",),
        ),
        id="SOMETHING_NEW of an answer blames nobody",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                drops=(drop(Drop.TC_FILTER, "clsact"), drop(Drop.QDISC, "tbf")),
                kernel_drops=told("QDISC_DROP", "__dev_queue_xmit"),
            ),
            verdict=local(
                Mechanism.QDISC_DROP,
                QdiscObject(interface="eth0", discipline="tbf", handle="1:"),
            ),
            fires=("kernel-dropped", "never-left"),
            silent=("lost-at-egress",),
        ),
        id="two disciplines count drops, and the kernel says which kind dropped the packet",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                kernel_drops=told("TC_EGRESS", "__dev_queue_xmit"),
            ),
            host=replace(host_state(), tc_filters=(TC_FILTER,)),
            verdict=local(Mechanism.TC_DROP, TC_FILTER),
            fires=("kernel-dropped", "never-left"),
            silent=("lost-at-egress",),
        ),
        id="no discipline counts, and the kernel says that a filter dropped the packet",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                kernel_drops=told("TC_EGRESS", "__dev_queue_xmit"),
            ),
            host=replace(host_state(), tcx_programs=(TCX_PROGRAM,)),
            verdict=local(Mechanism.TC_DROP, TCX_PROGRAM),
            fires=("kernel-dropped", "never-left"),
            silent=("tcx-drops",),
        ),
        id="the kernel says that a filter dropped it, and of TCX there is one program alone",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                kernel_drops=told("TC_EGRESS", "__dev_queue_xmit"),
            ),
            host=replace(host_state(), tc_filters=(TC_FILTER,), tcx_programs=(TCX_PROGRAM,)),
            verdict=local(Mechanism.TC_DROP),
            fires=("kernel-dropped", "never-left"),
            silent=("tcx-drops",),
        ),
        id="a filter or a program of TCX: the kernel has one word for both, so none is named",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                kernel_drops=told("TC_EGRESS", "__dev_queue_xmit"),
                program_verdicts=(ProgramVerdict(program=TCX_PROGRAM, is_dropped=False),),
            ),
            host=replace(host_state(), tc_filters=(TC_FILTER,), tcx_programs=(TCX_PROGRAM,)),
            verdict=local(Mechanism.TC_DROP, TC_FILTER),
            fires=("kernel-dropped", "never-left"),
            silent=("tcx-drops",),
        ),
        id="a filter beside a program of TCX that lets a copy pass",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(),
                kernel_drops=told("TC_INGRESS", "__netif_receive_skb_core", is_reply=True),
            ),
            verdict=local(Mechanism.TC_DROP),
            fires=("kernel-dropped", "answer-not-delivered"),
            silent=("lost-at-ingress",),
        ),
        id="the kernel says that a filter dropped the answer, and none of this host is read",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="received"),
                kernel_drops=told("IP_RPFILTER", "ip_rcv_finish_core", is_reply=True),
            ),
            host=replace(host_state(), sysctls=(RP_FILTER, RP_FILTER_OF_ALL)),
            verdict=local(
                Mechanism.RP_FILTER,
                SysctlObject(key="net.ipv4.conf.eth0.rp_filter", value="1"),
            ),
            fires=("kernel-dropped", "answer-not-delivered"),
            silent=("reverse-path",),
        ),
        id="no counter was read, and the kernel says that it was the reverse-path filter",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("XFRM_POLICY", "tcp_v4_rcv", is_reply=True),
            ),
            verdict=local(Mechanism.XFRM_BLOCK),
            fires=("kernel-dropped", "answer-not-delivered"),
            silent=("xfrm-blocks",),
        ),
        id="the kernel says that IPsec refused the answer, and no policy was read",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("SECURITY_HOOK", "tcp_v4_rcv", is_reply=True),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("kernel-dropped", "answer-not-delivered"),
            silent=("cgroup-refuses",),
        ),
        id="the kernel says that a security module dropped the answer",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="delivered"),
                kernel_drops=told("TCP_CSUM", "tcp_v4_rcv", is_reply=True),
            ),
            verdict=Said(
                where=ANYWHERE,
                certainty=Certainty.AMBIGUOUS,
                upto="host",
                mechanism=Mechanism.CHECKSUM_OFFLOAD,
            ),
            fires=("kernel-dropped",),
            silent=("answer-not-delivered",),
        ),
        id="an answer that was damaged when it came says nothing of this host",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=passed(until="received"),
                kernel_drops=told("OTHERHOST", "ip_rcv_core", is_reply=True),
            ),
            verdict=Said(where=ANYWHERE, certainty=Certainty.AMBIGUOUS, upto="host"),
            fires=("kernel-dropped",),
            silent=("answer-not-delivered",),
        ),
        id="an answer in a frame for another machine was sent so by somebody",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                trace=TraceDropped(
                    culprit=NFT_RULE, hook="output", is_reject=False, is_reply=False
                ),
                kernel_drops=told("BPF_CGROUP_EGRESS", "ip_finish_output"),
            ),
            verdict=local(Mechanism.CGROUP_DROP),
            fires=("kernel-dropped", "never-left"),
            silent=("traced-drop",),
        ),
        id="the trace blames a rule and the kernel a program: the kernel holds",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                trace=TraceDropped(
                    culprit=NFT_RULE, hook="output", is_reject=False, is_reply=False
                ),
                kernel_drops=told("NETFILTER_DROP", "nft_do_chain"),
            ),
            verdict=local(Mechanism.RULE_DROP, NFT_RULE),
            fires=("traced-drop", "never-left"),
            silent=("kernel-dropped",),
        ),
        id="the trace names a rule and the kernel netfilter: they agree",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                kernel_drops=told("NETFILTER_DROP", "nf_hook_slow"),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("kernel-dropped",),
        ),
        id="the kernel names netfilter and nobody a rule of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                kernel_drops=(ProcessDrop(reason="TC_EGRESS", location="__dev_queue_xmit"),),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("kernel-dropped",),
        ),
        id="the kernel dropped something, and does not tell whose it was",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(
                    API_TLS, ConnectedMute(has_left=False, is_acknowledged=False, hop_limit=60)
                ),
                trace=passed(),
                kernel_drops=told("TC_EGRESS", "__dev_queue_xmit"),
            ),
            verdict=local(Mechanism.TC_DROP),
            fires=("kernel-dropped", "stream-fails"),
            silent=("traced-drop",),
        ),
        id="the handshake left, and the kernel says what dropped what followed it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                LOST,
                kernel_drops=told("QDISC_DROP", "__dev_queue_xmit"),
            ),
            verdict=Said(where=OUTSIDE, certainty=Certainty.AMBIGUOUS, upto="host"),
            fires=("left-this-host",),
            silent=("kernel-dropped", "xdp-drops"),
        ),
        id="the packet left: a drop of another one is no reason",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS),
                uplink=link(xdp_program=7),
                kernel_drops=told("NOT_SPECIFIED", "veth_xdp_rcv_skb", is_reply=True),
            ),
            verdict=local(Mechanism.XDP_DROP, XDP_PROGRAM),
            host=replace(host_state(), xdp_programs=(XDP_PROGRAM,)),
            fires=("xdp-drops",),
            silent=("left-this-host", "kernel-dropped"),
        ),
        id="no tap saw an answer, and the kernel dropped it where the device's program runs",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS),
                uplink=link(xdp_program=7),
                kernel_drops=told("NOT_SPECIFIED", "udp_destruct_common", is_reply=True),
            ),
            verdict=Said(where=ANYWHERE, certainty=Certainty.AMBIGUOUS, upto="host"),
            fires=("left-this-host",),
            silent=("xdp-drops",),
        ),
        id="a drop without a reason elsewhere is no program's",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(API_SYN, syn_ack()),
                unanswered(API_TLS, has_come_back=True),
                trace=TraceDropped(
                    culprit=ChainPolicy(family="inet", table="f", chain="in", policy="drop"),
                    hook="input",
                    is_reject=False,
                    is_reply=True,
                ),
            ),
            verdict=local(
                Mechanism.POLICY_DROP,
                ChainPolicy(family="inet", table="f", chain="in", policy="drop"),
            ),
            fires=("traced-drop", "answer-not-delivered"),
        ),
        id="a chain policy drops the answer",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(API_SYN, syn_ack()),
                answered(API_TLS, TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)),
                trace=TraceDropped(
                    culprit=IptablesRule(
                        backend="nft", table="filter", chain="OUTPUT", number=2, text="-j DROP"
                    ),
                    hook="output",
                    is_reject=False,
                    is_reply=False,
                ),
            ),
            verdict=None,
            silent=("traced-drop", "never-left", "left-this-host"),
        ),
        id="a flow that works is not blamed for what else is dropped of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                contrast=answered(PAST_THE_STACK, ike_reply()),
                trace=passed(until="output"),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("link-layer-answered", "never-left"),
        ),
        id="dropped before the wire by no nft rule, answered past the stack: a legacy rule",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(unanswered(TUNNEL_PROBE, has_left=False)),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("link-layer-answered", "left-this-host"),
        ),
        id="the kernel took the packet and no tap saw it leave",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(API_SYN, SocketError(errno_name="ECONNREFUSED"), has_left=False),
                answered(
                    API_TLS,
                    SocketError(errno_name="ECONNREFUSED"),
                    has_left=False,
                    has_come_back=False,
                ),
                contrast=answered(replace(API_SYN, id=9, way=Way.LINK), syn_ack()),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("link-layer-answered", "never-left"),
        ),
        id="refused with no packet on the wire: sent on to this host itself",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(API_SYN, syn_ack()), refused(API_TLS), trace=passed()
            ),
            verdict=local(Mechanism.XFRM_BLOCK),
            fires=("xfrm-blocks",),
        ),
        id="the socket is refused while a whole packet passes: IPsec policy",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE)),
            host=replace(host_state(), xfrm_policies=(xfrm_block("out", HOST),)),
            verdict=local(Mechanism.XFRM_BLOCK, xfrm_culprit("out", HOST)),
            fires=("xfrm-blocks",),
        ),
        id="the socket is refused, and IPsec policy blocks what it sends",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE)),
            host=replace(host_state(), xfrm_policies=(xfrm_block("out", NEIGHBOUR_HOST),)),
            verdict=local(Mechanism.LOCAL_DROP),
            silent=("xfrm-blocks",),
        ),
        id="the socket is refused, and IPsec policy blocks another destination",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(unanswered(TUNNEL_PROBE, has_come_back=True)),
            host=replace(host_state(), xfrm_policies=(xfrm_block("in", HOST),)),
            verdict=local(Mechanism.XFRM_BLOCK, xfrm_culprit("in", HOST)),
            fires=("xfrm-blocks", "answer-not-delivered"),
        ),
        id="the answer came in, and IPsec policy blocks it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                drops=(drop(Drop.QDISC, "tbf"),),
            ),
            verdict=local(
                Mechanism.QDISC_DROP,
                QdiscObject(interface="eth0", discipline="tbf", handle="1:"),
            ),
            fires=("lost-at-egress", "never-left"),
        ),
        id="past POSTROUTING, and a discipline of the device counts drops",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                drops=(drop(Drop.TC_FILTER, "clsact"),),
            ),
            host=replace(host_state(), tc_filters=(TC_FILTER,)),
            verdict=local(Mechanism.TC_DROP, TC_FILTER),
            fires=("lost-at-egress", "never-left"),
        ),
        id="past POSTROUTING, and the one filter of the device counts drops",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                drops=(drop(Drop.TC_FILTER, "clsact"), drop(Drop.QDISC, "tbf")),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("lost-at-egress",),
        ),
        id="past POSTROUTING, and two disciplines count drops: neither is named",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(until="output"),
                drops=(drop(Drop.QDISC, "tbf"),),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("lost-at-egress", "cgroup-refuses"),
        ),
        id="not past POSTROUTING: a discipline's drops are of others",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                drops=(drop(Drop.TC_FILTER, "clsact"),),
                next_hop=neighbour(NeighbourState.FAILED),
            ),
            verdict=NEXT_HOP_FAILED,
            fires=("neighbour-failed",),
            silent=("lost-at-egress", "never-left"),
        ),
        id="it waits for its next hop: a discipline's drops are of others",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_come_back=True),
                trace=passed(),
                drops=(drop(Drop.TC_FILTER, "clsact"),),
            ),
            host=replace(host_state(), tc_filters=(replace(TC_FILTER, direction="ingress"),)),
            verdict=local(Mechanism.TC_DROP, replace(TC_FILTER, direction="ingress")),
            fires=("lost-at-ingress", "answer-not-delivered"),
            silent=("reverse-path",),
        ),
        id="the answer meets no hook, and the filters of the device count drops",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_come_back=True),
                trace=passed(until="received"),
                drops=(drop(Drop.REVERSE_PATH, ""), drop(Drop.TC_FILTER, "clsact")),
            ),
            host=replace(host_state(), sysctls=(RP_FILTER, RP_FILTER_OF_ALL)),
            verdict=local(
                Mechanism.RP_FILTER,
                SysctlObject(key="net.ipv4.conf.eth0.rp_filter", value="1"),
            ),
            fires=("reverse-path", "answer-not-delivered"),
            silent=("lost-at-ingress",),
        ),
        id="the answer comes to PREROUTING only, and the reverse-path filter counts",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL6_PROBE, has_come_back=True),
                trace=passed(until="received"),
                drops=(drop(Drop.REVERSE_PATH, ""),),
            ),
            host=replace(host_state(), sysctls=(RP_FILTER, RP_FILTER_OF_ALL)),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("reverse-path",),
        ),
        id="an answer of IPv6, which has no reverse-path filter: it counts others",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL6_PROBE),
                walked=ladder(TUNNEL6, [H1, H2, H3, H4, ike_reply()]),
            ),
            host=replace(host_state(), sysctls=(DEFAULT_TTL,)),
            verdict=ambiguous(None, OUTSIDE, Mechanism.LOSS),
            fires=("answered-in-the-end",),
            silent=("hop-limit-too-small",),
        ),
        id="a way of IPv6 that is longer than the hop limit of IPv4",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_come_back=True),
                trace=passed(until="delivered"),
                drops=(drop(Drop.REVERSE_PATH, ""),),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("reverse-path",),
        ),
        id="the answer comes to the end of INPUT: the reverse-path filter counts others",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.PORT_UNREACHABLE, HOST)),
                override=Override(entry=LINE, answers=addresses(NEIGHBOUR_HOST)),
            ),
            verdict=local(
                Mechanism.HOSTS_OVERRIDE,
                HostsFileObject(
                    path="/etc/hosts", line=3, name="raven.example", address=LINE.address
                ),
            ),
            fires=("hosts-override",),
            silent=("icmp-from-host",),
        ),
        id="a hosts file sends the name where no resolver does: whatever is said there",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.PORT_UNREACHABLE, HOST)),
                override=Override(entry=LINE, answers=addresses(NEIGHBOUR_HOST, str(LINE.address))),
            ),
            verdict=remote("edge", Mechanism.REFUSED),
            fires=("icmp-from-host",),
            silent=("hosts-override",),
        ),
        id="a hosts file agrees with the resolvers",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.PORT_UNREACHABLE, HOST)),
                override=Override(entry=LINE, answers=()),
            ),
            verdict=remote("edge", Mechanism.REFUSED),
            silent=("hosts-override",),
        ),
        id="no resolver knows the name of a hosts file",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    leaving_by(outcome, *devices), explained=marked(*marks)
                ),
                verdict=local(Mechanism.MISROUTE, culprit),
                fires=("tunnel-in-overlay",),
            ),
            id=f"the tunnel's packet leaves by the overlay: {name}",
        )
        for name, outcome, devices, marks, culprit in (
            ("answered by way of another node", SERVED, ("raven0",), (RULE_OF_NAT,), RULE_OF_NAT),
            ("lost", LOST, ("raven0",), (RULE_OF_NAT,), RULE_OF_NAT),
            ("two rules mark it", LOST, ("raven0",), (RULE_OF_NAT, NFT_RULE), None),
            ("no rule marks it", LOST, ("raven0",), (), None),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(outcome),
                verdict=None,
                silent=("tunnel-in-overlay",),
            ),
            id=f"not the tunnel's packet in the overlay: {name}",
        )
        for name, outcome in (
            ("by the uplink", SERVED),
            ("by both", leaving_by(SERVED, "raven0", "eth0")),
            ("never seen leaving", leaving_by(SERVED)),
            ("of another row", leaving_by(answered(API_SYN, syn_ack()), "raven0")),
            ("to an inner address", leaving_by(answered(INNER_PROBE, ike_reply()), "raven0")),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(sent_as(LOST, replace(TUNNEL, destination=LINE.address))),
            verdict=local(Mechanism.MISROUTE),
            fires=("rewritten-here",),
            silent=("left-this-host",),
        ),
        id="it left for another destination than was asked",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    sent_as(LOST, replace(TUNNEL, destination=LINE.address)),
                    alternatives=(other_way(Altered.TRANSLATION, is_answered=is_answered),),
                ),
                verdict=verdict,
                fires=("rewritten-here",),
            ),
            id=f"it left for another destination, and past the rule the one asked for {name}",
        )
        for name, is_answered, verdict in (
            ("answers", True, local(Mechanism.MISROUTE)),
            ("is silent too", False, ambiguous(None, ANYWHERE, Mechanism.MISROUTE)),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    unanswered(TUNNEL_PROBE, has_left=has_left),
                    trace=trace,
                    explained=replace(explained(), disposition=disposition, deciders=deciders),
                ),
                verdict=verdict,
                fires=fires,
                silent=silent,
            ),
            id=name,
        )
        for name, has_left, trace, disposition, deciders, verdict, fires, silent in (
            (
                "no trace is to be had, and the rules come to one that drops",
                False,
                NO_TRACE,
                Disposition.DROPPED,
                (NFT_RULE,),
                local(Mechanism.RULE_DROP, NFT_RULE),
                ("explained-drop", "never-left"),
                (),
            ),
            (
                "no trace is to be had, and the rules come to a policy",
                False,
                NO_TRACE,
                Disposition.DROPPED,
                (POLICY,),
                local(Mechanism.POLICY_DROP, POLICY),
                ("explained-drop",),
                (),
            ),
            (
                "no trace is to be had, and one of two rules rejects it",
                False,
                NO_TRACE,
                Disposition.REJECTED,
                (NFT_RULE, RULE_OF_NAT),
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
                ("explained-drop",),
            ),
            (
                "no trace is to be had, and by the rules it would not have left: it did",
                True,
                NO_TRACE,
                Disposition.DROPPED,
                (NFT_RULE,),
                None,
                ("left-this-host",),
                ("explained-drop",),
            ),
            (
                "the kernel let it pass, whatever the rules say as they are read",
                False,
                passed(),
                Disposition.DROPPED,
                (NFT_RULE,),
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
                ("explained-drop",),
            ),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    answered(
                        TUNNEL_PROBE, icmp(IcmpKind.HOST_UNREACHABLE, sender), has_left=False
                    ),
                    explained=explained(TRANSLATED),
                ),
                verdict=local(Mechanism.MISROUTE, RULE_OF_NAT),
                fires=("translated-here", "never-left"),
                silent=("icmp-from-host", "icmp-from-router"),
            ),
            id=f"it never left: the error is this host's own, whatever sender it bears ({sender})",
        )
        for sender in (HOST, "172.17.0.1")
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                sent_as(LOST, replace(TUNNEL, destination=LINE.address)),
                explained=explained(TRANSLATED),
            ),
            verdict=local(Mechanism.MISROUTE, RULE_OF_NAT),
            fires=("rewritten-here",),
            silent=("translated-here",),
        ),
        id="it left for another destination, by a rule that is known",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    unanswered(TUNNEL_PROBE, has_left=False),
                    trace=trace,
                    explained=explained(*translations),
                ),
                verdict=verdict,
                fires=fires,
                silent=silent,
            ),
            id=name,
        )
        for name, trace, translations, verdict, fires, silent in (
            (
                "it is given another destination, and does not leave",
                passed(),
                (TRANSLATED,),
                local(Mechanism.MISROUTE, RULE_OF_NAT),
                ("translated-here", "never-left"),
                (),
            ),
            (
                "it does not leave, and no rule gives it another destination for certain",
                passed(),
                (),
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
                ("translated-here",),
            ),
            (
                "only its source is rewritten, and it does not leave",
                passed(),
                (replace(TRANSLATED, end=End.SOURCE),),
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
                ("translated-here",),
            ),
            (
                "it is given another destination, and another rule drops it there",
                TraceDropped(culprit=NFT_RULE, hook="output", is_reject=False, is_reply=False),
                (TRANSLATED,),
                local(Mechanism.RULE_DROP, NFT_RULE),
                ("traced-drop",),
                ("translated-here",),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                explained=explained(TRANSLATED),
                next_hop=neighbour(NeighbourState.FAILED),
            ),
            verdict=NEXT_HOP_FAILED,
            fires=("neighbour-failed",),
            silent=("translated-here", "never-left"),
        ),
        id="it is given another destination, and waits for its next hop",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                explained=explained(TRANSLATED),
                kernel_drops=told("TC_EGRESS", "__dev_queue_xmit"),
            ),
            verdict=local(Mechanism.TC_DROP),
            fires=("kernel-dropped", "never-left"),
            silent=("translated-here",),
        ),
        id="it is given another destination, and the kernel says what drops it there",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                explained=explained(TRANSLATED),
                drops=(drop(Drop.QDISC, "tbf"),),
            ),
            verdict=local(
                Mechanism.QDISC_DROP,
                QdiscObject(interface="eth0", discipline="tbf", handle="1:"),
            ),
            fires=("lost-at-egress", "translated-here", "never-left"),
        ),
        id="it is given another destination, and a discipline of the device counted its drop",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=TraceDropped(
                    culprit=replace(POLICY, chain="INPUT"),
                    hook="input",
                    is_reject=False,
                    is_reply=True,
                ),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("traced-drop",),
        ),
        id="a policy counted what others send: no answer came that it could drop",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_TLS, has_come_back=True),
                trace=TraceDropped(
                    culprit=NFT_RULE, hook="output", is_reject=False, is_reply=False
                ),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("traced-drop",),
        ),
        id="a rule dropped another packet: this one left, and its answer was lost",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    unanswered(TUNNEL_PROBE, has_left=False),
                    explained=explained(TRANSLATED),
                    contrast=contrast,
                ),
                verdict=verdict,
                fires=fires,
            ),
            id=f"it is given another destination, and past the rule the one asked for {name}",
        )
        for name, contrast, verdict, fires in (
            (
                "answers",
                answered(PAST_THE_STACK, ike_reply()),
                local(Mechanism.MISROUTE, RULE_OF_NAT),
                ("translated-here", "link-layer-answered", "never-left"),
            ),
            (
                "is silent as well",
                unanswered(PAST_THE_STACK),
                local(Mechanism.LOCAL_DROP),
                ("translated-here", "never-left"),
            ),
            (
                "could not be asked",
                unanswered(PAST_THE_STACK, has_left=False),
                local(Mechanism.MISROUTE, RULE_OF_NAT),
                ("translated-here", "never-left"),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                sent_as(LOST, replace(TUNNEL, source=LINE.address)),
                walked=ladder(TUNNEL, [None, None]),
                controls=(WHOLE_ECHO,),
            ),
            verdict=ambiguous(None, ANYWHERE, Mechanism.WRONG_SOURCE),
            fires=("foreign-source",),
            silent=("rewritten-here", "diverges-from-control"),
        ),
        id="it left with a source that the device does not have",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                sent_as(LOST, replace(TUNNEL, source=FOREIGN)),
                alternatives=(other_way(Altered.SOURCE),),
                explained=explained(replace(TRANSLATED, end=End.SOURCE)),
            ),
            host=with_addresses((EDGE, 24)),
            verdict=local(Mechanism.WRONG_SOURCE, RULE_OF_NAT),
            fires=("foreign-source",),
        ),
        id="the kernel chose well, and a rule that is known changed it",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    sent_as(LOST, replace(TUNNEL, source=source)),
                    way=replace(route(), source=chosen),
                    alternatives=(other_way(Altered.SOURCE, is_answered=is_answered),),
                ),
                host=with_addresses(("198.51.100.200", 32), (EDGE, 24)),
                verdict=verdict,
                fires=("foreign-source",),
                silent=("left-this-host",),
            ),
            id=name,
        )
        for name, source, chosen, is_answered, verdict in (
            (
                "a source of another network: with the uplink's own it is answered",
                FOREIGN,
                FOREIGN,
                True,
                local(Mechanism.WRONG_SOURCE, DEFAULT_ROUTE),
            ),
            (
                "the kernel chose well, and a rule changed it that is not known",
                FOREIGN,
                ip_address(EDGE),
                True,
                local(Mechanism.WRONG_SOURCE),
            ),
            (
                "a source of another network, and the uplink's own is silent too",
                FOREIGN,
                FOREIGN,
                False,
                ambiguous(None, ANYWHERE, Mechanism.WRONG_SOURCE),
            ),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    unanswered(TUNNEL_PROBE, has_left=False),
                    way=replace(route(None), prefix="198.51.0.0/16", table=table),
                    next_hop=replace(
                        neighbour(NeighbourState.FAILED), address=ip_address(HOST)
                    ),
                    alternatives=(other_way(Altered.NEXT_HOP),),
                ),
                host=replace(host_state(), rules=rules),
                verdict=local(Mechanism.MISROUTE, culprit),
                fires=("answered-another-way", "neighbour-failed"),
            ),
            id=name,
        )
        for name, table, rules, culprit in (
            (
                "looked for on the link, and the gateway has it: the route is too wide",
                254,
                (),
                replace(DEFAULT_ROUTE, prefix="198.51.0.0/16"),
            ),
            (
                "a single rule leads to the table of that route",
                100,
                (LEADING,),
                PolicyRuleObject(priority=LEADING.priority, text=LEADING.text),
            ),
            ("two rules lead there: none is named", 100, (LEADING, LEADING), None),
        )
    ),
    pytest.param(
        Picture(
            evidence=lost(
                None,
                None,
                controls=(),
                alternatives=(other_way(Altered.NEXT_HOP, is_answered=False),),
                link_answers=("02:00:00:00:00:77",),
                next_hop=neighbour(NeighbourState.PERMANENT),
            ),
            verdict=local(
                Mechanism.NEIGHBOUR_FAILED,
                NeighbourObject(
                    interface="eth0", address=ip_address(GATEWAY), state="permanent"
                ),
            ),
            fires=("neighbour-mistaken",),
            silent=("answered-another-way",),
        ),
        id="the gateway answers ARP from another address than the entry has",
    ),
    *(
        pytest.param(
            Picture(
                evidence=lost(*rungs, controls=(), link_answers=macs, around=around),
                verdict=between("edge", upto, mechanism),
                fires=(fires,),
                silent=silent,
            ),
            id=name,
        )
        for name, rungs, macs, around, upto, mechanism, fires, silent in (
            (
                "two hosts claim the next hop's address, and nothing is forwarded",
                (None, None),
                MACS,
                DARK,
                GATEWAY,
                Mechanism.NEIGHBOUR_FAILED,
                "next-hop-contested",
                ("neighbour-mistaken",),
            ),
            (
                "one host has the next hop's address",
                (None, None),
                MACS[:1],
                DARK,
                "host",
                Mechanism.SILENT_DROP,
                "all-dark",
                ("next-hop-contested",),
            ),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=lost(
                    *rungs, controls=(), link_answers=MACS, around=around, uplink=uplink
                ),
                host=with_links(uplink),
                verdict=verdict,
                fires=("all-dark",),
                silent=("next-hop-contested",),
            ),
            id=name,
        )
        for name, rungs, around, uplink, verdict in (
            (
                "a program of the driver may take what the next hop answers",
                (None, None),
                DARK,
                link(xdp_program=7),
                ambiguous(None, HERE_OR_ON_PATH),
            ),
            (
                "a program of the driver may take all that comes from behind a hop",
                (H1, None),
                DARK,
                link(xdp_program=7),
                ambiguous(None, HERE_OR_ON_PATH),
            ),
            (
                "a program of the driver may take what the one destination answers",
                (H1, None),
                surroundings(),
                link(xdp_program=7),
                ambiguous(None, ANYWHERE),
            ),
            (
                "without a program of the driver the same darkness is on the path",
                (H1, None),
                DARK,
                link(),
                between(H1, "host"),
            ),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=lost(H1, None, controls=(), link_answers=MACS, around=around),
                verdict=verdict,
                fires=("all-dark",) if around is DARK else (),
                silent=("next-hop-contested",),
            ),
            id=name,
        )
        for name, around, verdict in (
            ("two ports of a router that does forward", DARK, between(H1, "host")),
            (
                "another destination is answered",
                surroundings(answering=[OTHER_NETWORK], silent=[HOST, NEIGHBOUR_HOST]),
                None,
            ),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=lost(None, None, controls=(), link_answers=macs),
                verdict=ambiguous("edge"),
                fires=("all-dark",),
                silent=("neighbour-mistaken", "next-hop-contested"),
            ),
            id=name,
        )
        for name, macs in (
            ("the entry's address is one of two that answer", MACS),
            ("nobody answers ARP: some tell nobody who has no address", ()),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=lost(*rungs, controls=()),
                host=replace(host_state(), sysctls=(DEFAULT_TTL,)),
                verdict=verdict,
                fires=fires,
                silent=silent,
            ),
            id=name,
        )
        for name, rungs, verdict, fires, silent in (
            (
                "our own probes come farther than the kernel's hop limit",
                (H1, H2, H3, H4, ike_reply()),
                local(
                    Mechanism.LOCAL_DROP, SysctlObject(key=DEFAULT_TTL.key, value=DEFAULT_TTL.value)
                ),
                ("hop-limit-too-small",),
                ("answered-in-the-end",),
            ),
            (
                "no probe came as far as the kernel's hop limit: it is not to blame",
                (H1, H2, None),
                ambiguous(H2),
                ("all-dark",),
                ("hop-limit-too-small",),
            ),
            (
                "in a circle no hop limit suffices",
                (H1, H2, H1, H2),
                ambiguous(H2),
                ("all-dark",),
                ("hop-limit-too-small",),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                sent_as(LOST, replace(TUNNEL, source=LINE.address)),
                around=surroundings(sources=(str(LINE.address),)),
            ),
            verdict=ambiguous(None, OUTSIDE, None),
            fires=("left-this-host",),
            silent=("foreign-source",),
        ),
        id="others are answered at that source",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE), trace=passed()),
            host=replace(host_state(), cgroup_programs=NOT_ASKED),
            verdict=local(Mechanism.CGROUP_DROP),
            fires=("cgroup-refuses", "never-left"),
        ),
        id="refused behind POSTROUTING: a program of a control group",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    refused(TUNNEL_PROBE),
                    trace=passed(until="output"),
                    drops=(drop(Drop.CONNTRACK, ""),),
                ),
                host=tracking(entries, limit),
                verdict=verdict,
                fires=fires,
                silent=("cgroup-refuses",) + silent,
            ),
            id=f"connection tracking counted a drop, {name}",
        )
        for name, entries, limit, verdict, fires, silent in (
            (
                "and its table is full",
                "262144",
                "262144",
                local(Mechanism.CONNTRACK_FULL, ConntrackObject(entries=262144, limit=262144)),
                ("conntrack-full", "never-left"),
                (),
            ),
            (
                "and its table has room",
                "1000",
                "262144",
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
                ("conntrack-full",),
            ),
            (
                "and how much it holds is not told",
                "",
                "",
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
                ("conntrack-full",),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False), trace=passed(until="output")
            ),
            host=tracking("262144", "262144"),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("conntrack-full",),
        ),
        id="the table of connections is full, and counted no drop",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                drops=(drop(Drop.CONNTRACK, ""),),
                next_hop=neighbour(NeighbourState.FAILED),
            ),
            host=tracking("262144", "262144"),
            verdict=NEXT_HOP_FAILED,
            fires=("neighbour-failed",),
            silent=("conntrack-full", "never-left"),
        ),
        id="the table of connections is full, and what the kernel took waits for its next hop",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    refused(TUNNEL_PROBE),
                    trace=trace,
                    drops=(drop(Drop.CONNTRACK, ""),),
                    kernel_drops=kernel_drops,
                ),
                host=replace(tracking("262144", "262144"), cgroup_programs=(OUT_GROUP,)),
                verdict=verdict,
                fires=fires,
                silent=("conntrack-full", "cgroup-refuses"),
            ),
            id=f"the table of connections is full and counted a drop, {name}",
        )
        for name, trace, kernel_drops, verdict, fires in (
            (
                "and this packet came to the end of POSTROUTING",
                passed(),
                NOT_ASKED,
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
            ),
            (
                "and the kernel says who dropped this packet",
                passed(until="output"),
                told("BPF_CGROUP_EGRESS", "ip_finish_output"),
                local(Mechanism.CGROUP_DROP, OUT_GROUP),
                ("kernel-dropped", "never-left"),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE), trace=passed()),
            host=replace(host_state(), cgroup_programs=(OUT_GROUP, IN_GROUP)),
            verdict=local(Mechanism.CGROUP_DROP, OUT_GROUP),
            fires=("cgroup-refuses", "never-left"),
        ),
        id="refused behind POSTROUTING, where one program stands",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    refused(TUNNEL_PROBE),
                    trace=passed(),
                    program_verdicts=(ProgramVerdict(program=OUT_GROUP, is_dropped=False),),
                ),
                host=replace(host_state(), cgroup_programs=programs),
                verdict=verdict,
                fires=fires,
                silent=silent,
            ),
            id=f"refused behind POSTROUTING, where a program lets a copy pass {name}",
        )
        for name, programs, verdict, fires, silent in (
            (
                "and no other stands",
                (OUT_GROUP,),
                local(Mechanism.LOCAL_DROP),
                ("never-left",),
                ("cgroup-refuses",),
            ),
            (
                "and another was not asked",
                (OUT_GROUP, OTHER_OUT_GROUP),
                local(Mechanism.CGROUP_DROP, OTHER_OUT_GROUP),
                ("cgroup-refuses", "never-left"),
                (),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE), trace=passed()),
            host=replace(host_state(), cgroup_programs=(OUT_GROUP, OTHER_OUT_GROUP)),
            verdict=local(Mechanism.CGROUP_DROP),
            fires=("cgroup-refuses", "never-left"),
        ),
        id="refused behind POSTROUTING, where two programs stand: none is accused alone",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                trace=passed(),
                program_verdicts=(
                    ProgramVerdict(program=OUT_GROUP, is_dropped=False),
                    ProgramVerdict(program=OTHER_OUT_GROUP, is_dropped=True),
                ),
            ),
            host=replace(host_state(), cgroup_programs=(OUT_GROUP, OTHER_OUT_GROUP)),
            verdict=local(Mechanism.CGROUP_DROP, OTHER_OUT_GROUP),
            fires=("cgroup-refuses", "never-left"),
        ),
        id="refused behind POSTROUTING: of two programs one drops a copy",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE), trace=passed()),
            host=replace(host_state(), cgroup_programs=(IN_GROUP,)),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("cgroup-refuses",),
        ),
        id="refused behind POSTROUTING, where no program stands",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN, has_come_back=True),
                trace=passed(until="delivered"),
                program_verdicts=(ProgramVerdict(program=IN_GROUP, is_dropped=True),),
            ),
            verdict=local(Mechanism.CGROUP_DROP, IN_GROUP),
            fires=("cgroup-drops-answer", "answer-not-delivered"),
        ),
        id="the answer passes INPUT, and a control group's program drops a copy of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN, has_come_back=True),
                trace=passed(until="delivered"),
                program_verdicts=(
                    ProgramVerdict(program=IN_GROUP, is_dropped=True),
                    ProgramVerdict(program=replace(IN_GROUP, program=9), is_dropped=True),
                ),
            ),
            verdict=local(Mechanism.CGROUP_DROP),
            fires=("cgroup-drops-answer", "answer-not-delivered"),
        ),
        id="the answer passes INPUT, and two programs drop a copy: none is accused alone",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN, has_come_back=True),
                program_verdicts=(ProgramVerdict(program=IN_GROUP, is_dropped=True),),
            ),
            verdict=local(Mechanism.CGROUP_DROP, IN_GROUP),
            fires=("cgroup-drops-answer", "answer-not-delivered"),
        ),
        id="the answer comes in, nothing traces it, and a program drops a copy of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_come_back=True), trace=passed(until="delivered")
            ),
            host=replace(host_state(), cgroup_programs=(IN_GROUP,)),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("cgroup-drops-answer", "answer-not-delivered"),
        ),
        id="the answer passes INPUT, and what the program behind it says is not known",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                refused(TUNNEL_PROBE),
                program_verdicts=(ProgramVerdict(program=OUT_GROUP, is_dropped=True),),
            ),
            host=replace(host_state(), cgroup_programs=(OUT_GROUP,)),
            verdict=local(Mechanism.CGROUP_DROP, OUT_GROUP),
            fires=("cgroup-refuses", "never-left"),
        ),
        id="refused, nothing traces it, and a program drops a copy of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(refused(TUNNEL_PROBE)),
            host=replace(host_state(), cgroup_programs=(OUT_GROUP,)),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("cgroup-refuses",),
        ),
        id="refused, nothing traces it, and what a program says of it is not known",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN, has_come_back=True),
                program_verdicts=(
                    ProgramVerdict(
                        program=replace(TCX_PROGRAM, direction="ingress"), is_dropped=True
                    ),
                ),
            ),
            verdict=local(Mechanism.TC_DROP, replace(TCX_PROGRAM, direction="ingress")),
            fires=("tcx-drops", "answer-not-delivered"),
        ),
        id="the answer comes in, nothing traces it, and a TCX program drops a copy of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN, has_come_back=True),
                trace=passed(until="received"),
                program_verdicts=(ProgramVerdict(program=IN_GROUP, is_dropped=True),),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("cgroup-drops-answer",),
        ),
        id="the answer does not pass INPUT: a program behind it never met it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN, has_come_back=True),
                trace=passed(until="delivered"),
                program_verdicts=(ProgramVerdict(program=IN_GROUP, is_dropped=False),),
            ),
            host=replace(host_state(), cgroup_programs=(IN_GROUP,)),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("cgroup-drops-answer",),
        ),
        id="the answer passes INPUT, and the one program lets a copy of it pass",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN),
                uplink=link(xdp_program=7),
                program_verdicts=(ProgramVerdict(program=XDP_PROGRAM, is_dropped=True),),
            ),
            verdict=local(Mechanism.XDP_DROP, XDP_PROGRAM),
            fires=("xdp-drops",),
            silent=("left-this-host",),
        ),
        id="nothing comes back, and the XDP program drops a copy of the answer",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN),
                uplink=link(xdp_program=7),
                program_verdicts=(ProgramVerdict(program=XDP_PROGRAM, is_dropped=False),),
            ),
            verdict=ambiguous(None, ANYWHERE, None),
            fires=("left-this-host",),
            silent=("xdp-drops",),
        ),
        id="nothing comes back, and the XDP program lets a copy pass: any place is possible",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                program_verdicts=(ProgramVerdict(program=TCX_PROGRAM, is_dropped=True),),
            ),
            verdict=local(Mechanism.TC_DROP, TCX_PROGRAM),
            fires=("tcx-drops", "never-left"),
        ),
        id="past POSTROUTING, and a TCX program drops a copy",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                trace=passed(),
                program_verdicts=(ProgramVerdict(program=TCX_PROGRAM, is_dropped=False),),
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("never-left",),
            silent=("tcx-drops",),
        ),
        id="past POSTROUTING, and the TCX program lets a copy pass",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(
                    TUNNEL_PROBE, icmp(IcmpKind.ADMIN_PROHIBITED, EDGE), has_left=False
                )
            ),
            verdict=local(Mechanism.RULE_REJECT),
            fires=("rejected-here", "never-left"),
            silent=("icmp-from-router",),
        ),
        id="an ICMP error with our own address was made here",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(unanswered(TUNNEL_PROBE, has_come_back=True)),
            verdict=local(Mechanism.LOCAL_DROP),
            fires=("answer-not-delivered",),
            silent=("left-this-host",),
        ),
        id="the answer came in and the socket never got it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                next_hop=neighbour(NeighbourState.INCOMPLETE),
                around=surroundings(gateways=["192.0.2.2"]),
            ),
            verdict=local(
                Mechanism.NEIGHBOUR_FAILED,
                NeighbourObject(
                    interface="eth0", address=ip_address(GATEWAY), state="incomplete"
                ),
            ),
            fires=("neighbour-failed",),
            silent=("never-left",),
        ),
        id="this flow's next hop is dead while another one serves",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL6_PROBE, has_left=False),
                next_hop=replace(
                    neighbour(NeighbourState.FAILED), address=ip_address("2001:db8::1")
                ),
                around=surroundings(gateways=[GATEWAY]),
            ),
            verdict=replace(
                NEXT_HOP_FAILED,
                upto="2001:db8::1",
                culprit=NeighbourObject(
                    interface="eth0", address=ip_address("2001:db8::1"), state="failed"
                ),
            ),
            fires=("neighbour-failed",),
            silent=("never-left",),
        ),
        id="the only router of IPv6 is dead, and the one of IPv4 says nothing of it",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False),
                next_hop=neighbour(NeighbourState.FAILED),
            ),
            verdict=NEXT_HOP_FAILED,
            fires=("neighbour-failed",),
            silent=("never-left",),
        ),
        id="the only gateway is silent: dead, or wrong here, look the same",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    unanswered(TUNNEL_PROBE, has_left=False),
                    next_hop=neighbour(NeighbourState.FAILED),
                    resolution=replace(
                        explained(), disposition=Disposition.DROPPED, deciders=(rule,)
                    ),
                ),
                verdict=local(Mechanism.RULE_DROP, rule),
                fires=("resolution-dropped", "neighbour-failed"),
                silent=("never-left",),
            ),
            id=f"a rule of {words} drops what the gateway answers: it is not the gateway",
        )
        for words, rule in (("arp", ARP_RULE), ("arptables-legacy", ARPTABLES_RULE))
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    unanswered(TUNNEL_PROBE, has_left=False),
                    next_hop=neighbour(NeighbourState.FAILED),
                    resolution=replace(
                        explained(), disposition=disposition, deciders=deciders, hangs_on=hangs_on
                    ),
                ),
                verdict=NEXT_HOP_FAILED,
                fires=("neighbour-failed",),
                silent=("resolution-dropped",),
            ),
            id=name,
        )
        for name, disposition, deciders, hangs_on in (
            ("rules of arp for others let the gateway answer", Disposition.PASSES, (), ()),
            ("it hangs on a limit", Disposition.UNDETERMINED, (), ("limit",)),
            ("one of two rules, by what is unknown", Disposition.DROPPED, (ARP_RULE, NFT_RULE), ()),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(TUNNEL_PROBE, has_left=False), next_hop=neighbour(NeighbourState.STALE)
            ),
            verdict=local(Mechanism.LOCAL_DROP),
            silent=("neighbour-failed",),
        ),
        id="a stale entry lets packets pass and is not to blame",
    ),
]

SILENCE = [
    *(
        pytest.param(
            Picture(
                evidence=lost(*rungs, controls=(one,)),
                verdict=between(after, upto),
                fires=("diverges-from-control", "left-this-host"),
                silent=("last-mile-silent", "all-dark", "never-left"),
            ),
            id=f"dropped behind hop {count}, beside {name}",
        )
        for name, one in (
            ("another port of the host", WHOLE_PORT),
            ("an echo of the host", WHOLE_ECHO),
            ("a neighbour of the host", WHOLE_NEIGHBOUR),
        )
        for count, rungs, after, upto in (
            (0, (None, None, None, None, None), "edge", H1),
            (1, (H1, None, None, None, None), H1, H2),
            (2, (H1, H2, None, None, None), H2, H3),
            (3, (H1, H2, H3, None, None), H3, H4),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=lost(H1, H2, H3, H4, None, controls=(one,)),
                verdict=ambiguous(H4),
                fires=("last-mile-silent", "left-this-host"),
                silent=("diverges-from-control", "all-dark"),
            ),
            id=f"lost behind the last router, beside {name}: four causes look the same",
        )
        for name, one in (
            ("another port of the host", WHOLE_PORT),
            ("an echo of the host", WHOLE_ECHO),
            ("a neighbour of the host", WHOLE_NEIGHBOUR),
        )
    ),
    pytest.param(
        Picture(
            evidence=lost(H1, H2, H3, H4, None, uplink=link(xdp_program=7)),
            verdict=ambiguous(None, ANYWHERE),
            fires=("last-mile-silent",),
        ),
        id="an XDP program may hide the answer from every tap",
    ),
    pytest.param(
        Picture(
            evidence=lost(H1, None, H3, None, None),
            verdict=between(H3, H4),
            fires=("diverges-from-control",),
        ),
        id="a hop that says nothing does not end the walk",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                H2,
                None,
                None,
                None,
                controls=(control(Relation.ECHO, echo_walk(H1, H2, None, H4, echo_reply())),),
            ),
            verdict=between(H2, H4),
            fires=("diverges-from-control",),
        ),
        id="a hop that is silent for the control too widens the segment",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                None,
                None,
                None,
                None,
                controls=(control(Relation.ECHO, echo_walk(H1, None, None, None, echo_reply())),),
            ),
            verdict=ambiguous(H1),
            fires=("last-mile-silent",),
            silent=("diverges-from-control", "all-dark"),
        ),
        id="a walk that is blind for the control too singles nobody out",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                "203.0.113.99",
                None,
                None,
                None,
                controls=(WHOLE_NEIGHBOUR,),
            ),
            verdict=between("203.0.113.99", H3),
            fires=("diverges-from-control",),
        ),
        id="an equal-cost twin at one distance is no other path",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                "203.0.113.98",
                None,
                None,
                controls=(WHOLE_NEIGHBOUR,),
            ),
            verdict=ambiguous("203.0.113.98"),
            silent=("diverges-from-control",),
        ),
        id="a neighbour reached over other hops is no control",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                H2,
                None,
                None,
                controls=(
                    control(
                        Relation.OTHER_HOST, other_walk(H1, H2, H3, syn_ack(), host=OTHER_NETWORK)
                    ),
                    DARK_ECHO,
                ),
                around=surroundings(answering=[OTHER_NETWORK], silent=[HOST]),
            ),
            verdict=ambiguous(H2),
            silent=("diverges-from-control",),
        ),
        id="a lone silent host whose network nobody answers from may be down",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                None,
                None,
                None,
                controls=(
                    control(
                        Relation.OTHER_HOST, other_walk(H1, H2, H3, syn_ack(), host=OTHER_NETWORK)
                    ),
                    control(Relation.ECHO, echo_walk(H1, None, None, None)),
                ),
                around=surroundings(
                    answering=[OTHER_NETWORK], silent=[HOST, NEIGHBOUR_HOST, "198.51.100.9"]
                ),
            ),
            verdict=between(H1, "host"),
            fires=("all-dark", "last-mile-silent"),
        ),
        id="a whole network is dark behind a hop that others pass",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                H2,
                None,
                None,
                controls=(DARK_ECHO,),
                around=surroundings(silent=[HOST, OTHER_NETWORK]),
            ),
            verdict=between(H2, "host"),
            fires=("all-dark",),
            silent=("last-mile-silent", "diverges-from-control"),
        ),
        id="everything is dark behind a hop",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    unanswered(TUNNEL6_PROBE),
                    walked=ladder(TUNNEL6, [H1, H2, None, None]),
                    way=replace(route("fe80::1"), source=TUNNEL6.source),
                    around=surroundings(
                        answering=answering, silent=["2001:db8:1::21", "2001:db8:2::21"]
                    ),
                ),
                host=with_addresses((EDGE, 24), ("2001:db8::10", 64), ("fe80::10", 64)),
                verdict=verdict,
                fires=(fires,),
                silent=("foreign-source", *silent),
            ),
            id=name,
        )
        for name, answering, verdict, fires, silent in (
            (
                "everything of IPv6 is dark behind a hop, whoever answers in IPv4",
                [HOST, OTHER_NETWORK],
                between(H2, "host"),
                "all-dark",
                (),
            ),
            (
                "another network of IPv6 answers: what is silent may be so by itself",
                [HOST, "2001:db8:3::21"],
                ambiguous(None, OUTSIDE, None),
                "left-this-host",
                ("all-dark",),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1, H2, None, controls=(DARK_ECHO,), around=surroundings(silent=[HOST])
            ),
            verdict=ambiguous(H2),
            fires=("all-dark",),
        ),
        id="a single destination, and nothing to compare with",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                None,
                None,
                controls=(),
                around=surroundings(silent=[HOST, OTHER_NETWORK]),
                next_hop=neighbour(NeighbourState.PERMANENT),
            ),
            verdict=ambiguous(None, ANYWHERE, None),
            fires=("all-dark",),
        ),
        id="not even the first hop answers, and its address was never confirmed",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                None, None, controls=(), around=surroundings(silent=[HOST, OTHER_NETWORK])
            ),
            verdict=between("edge", "host"),
            fires=("all-dark",),
        ),
        id="the first hop is alive and nothing comes back through it",
    ),
    *(
        pytest.param(
            Picture(
                evidence=evidence,
                verdict=Said(
                    where=OUTSIDE,
                    certainty=Certainty.AMBIGUOUS,
                    upto="host",
                    mechanism=Mechanism.LOSS,
                ),
                fires=("answered-in-the-end", "left-this-host"),
                silent=("diverges-from-control", "last-mile-silent", "all-dark"),
            ),
            id=name,
        )
        for name, evidence in (
            (
                "silent in the burst, and served when it was asked alone",
                lost(
                    H1,
                    None,
                    None,
                    confirmation=answered(replace(TUNNEL_PROBE, id=8), ike_reply()),
                ),
            ),
            ("silent, and the walk on the very flow was served", lost(H1, H2, H3, H4, ike_reply())),
            (
                "one attempt at the port is lost, another served",
                flow_evidence(answered(API_SYN, syn_ack()), unanswered(API_TLS)),
            ),
            (
                "its kin was served when it was asked alone",
                lost(
                    H1,
                    None,
                    kin=(
                        Kin(
                            check="kin",
                            attempts=(LOST, answered(replace(TUNNEL_PROBE, id=8), ike_reply())),
                            ladder=ladder(TUNNEL, [H1, None]),
                        ),
                    ),
                ),
            ),
            (
                "not asked alone, while others that were silent were served so",
                lost(H1, None, None, around=surroundings(is_lossy=True)),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                None,
                None,
                confirmation=unanswered(replace(TUNNEL_PROBE, id=8)),
                around=surroundings(is_lossy=True),
            ),
            verdict=between(H1, H2),
            fires=("diverges-from-control",),
            silent=("answered-in-the-end",),
        ),
        id="silent also when it was asked alone, whatever befell others",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN),
                unanswered(API_TLS),
                walked=ladder(API, [H1, H2, None, None, None]),
                controls=(WHOLE_ECHO,),
                variations=(SERVED_LEG, SERVED_LEG, LOST_LEG),
            ),
            verdict=between(H2, H3, Mechanism.ECMP_PARTIAL),
            fires=("partial-path", "diverges-from-control"),
        ),
        id="silent, while flows from other ports are served",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                unanswered(API_SYN),
                confirmation=answered(API_SYN, syn_ack()),
                trains=(QUICK_TRAIN, replace(QUICK_TRAIN, spacing_s=0.7, sent=6, answered=6)),
            ),
            verdict=ambiguous(None, mechanism=Mechanism.RATE_LIMIT),
            fires=("rate-limit", "answered-in-the-end"),
        ),
        id="silent in the burst, served alone, and the pace decides",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(LOST),
            verdict=Said(where=OUTSIDE, certainty=Certainty.AMBIGUOUS, upto="host"),
            fires=("left-this-host",),
            silent=("diverges-from-control", "last-mile-silent", "all-dark"),
        ),
        id="silence that was not walked is blamed on nobody",
    ),
]

WORDS = [
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(answered(TUNNEL_PROBE, icmp(kind, H2), rtt_s=rtt_s)),
                verdict=at(H2, mechanism),
                fires=("icmp-from-router",),
                silent=("icmp-from-host", "rejected-here"),
            ),
            id=f"a router says {kind.value} after {rtt_s} s",
        )
        for kind, rtt_s, mechanism in (
            (IcmpKind.ADMIN_PROHIBITED, 0.01, Mechanism.ADMIN_PROHIBITED),
            (IcmpKind.NET_UNREACHABLE, 0.01, Mechanism.ICMP_UNREACHABLE),
            (IcmpKind.HOST_UNREACHABLE, 0.01, Mechanism.ICMP_UNREACHABLE),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.PORT_UNREACHABLE, H2)),
                walked=ladder(TUNNEL, [H1, H2, None]),
            ),
            verdict=at(H2, Mechanism.ICMP_UNREACHABLE),
            fires=("icmp-from-router",),
        ),
        id="a router of the path says port unreachable, as filters do",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.PORT_UNREACHABLE, "203.0.113.77")),
                walked=ladder(TUNNEL, [H1, H2, None]),
            ),
            verdict=ambiguous(H2, OUTSIDE, Mechanism.ICMP_UNREACHABLE),
            fires=("icmp-from-router",),
        ),
        id="port unreachable from an address off the path: a filter, or a host behind the address",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.HOST_UNREACHABLE, H4), rtt_s=2.05)
            ),
            verdict=remote(H4, Mechanism.ICMP_UNREACHABLE),
            fires=("icmp-from-router",),
        ),
        id="host unreachable after the time of address resolution: the host is down",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.HOST_UNREACHABLE, H2), rtt_s=2.05),
                walked=ladder(TUNNEL, [H1, H2, None, None, None]),
                controls=(WHOLE_PORT,),
            ),
            verdict=at(H2, Mechanism.ICMP_UNREACHABLE),
            fires=("icmp-from-router",),
        ),
        id="late, but from a router that is not the last",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                H2,
                None,
                controls=(DARK_ECHO,),
                kin=(
                    Kin(
                        check="api-server-6443",
                        attempts=(answered(API_SYN, icmp(IcmpKind.NET_UNREACHABLE, H3)),),
                        ladder=ladder(API, [H1, H2, None]),
                    ),
                ),
                around=surroundings(silent=[HOST, NEIGHBOUR_HOST]),
            ),
            verdict=at(H3, Mechanism.ICMP_UNREACHABLE),
            fires=("icmp-from-router",),
        ),
        id="a router that says so to one flow of a dark network only",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1, None, confirmation=answered(TUNNEL_PROBE, icmp(IcmpKind.NET_UNREACHABLE, H1))
            ),
            verdict=at(H1, Mechanism.ICMP_UNREACHABLE),
            fires=("icmp-from-router",),
        ),
        id="a router that had an error to spare when it was asked again, alone",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                LOST,
                confirmation=unanswered(replace(TUNNEL_PROBE, id=8)),
                controls=(WHOLE_ECHO,),
                kin=(
                    Kin(
                        check="other-port",
                        attempts=(
                            answered(
                                replace(TUNNEL_PROBE, flow=flow(port=4501)),
                                icmp(IcmpKind.PORT_UNREACHABLE, HOST),
                            ),
                        ),
                        ladder=ladder(flow(port=4501), [H1, H2, None, None]),
                    ),
                ),
            ),
            verdict=Said(where=OUTSIDE, certainty=Certainty.AMBIGUOUS, upto="host"),
            fires=("left-this-host",),
            silent=("diverges-from-control", "last-mile-silent", "icmp-from-host"),
        ),
        id="silent beside a port that its host refused: errors are limited, nothing is said",
    ),
    pytest.param(
        Picture(
            evidence=lost(
                H1,
                H2,
                H3,
                H4,
                None,
                kin=(
                    Kin(
                        check="other",
                        attempts=(
                            answered(
                                replace(
                                    API_SYN, flow=flow(Protocol.TCP, host=NEIGHBOUR_HOST, port=9)
                                ),
                                icmp(IcmpKind.PORT_UNREACHABLE, NEIGHBOUR_HOST),
                            ),
                        ),
                        ladder=other_walk(H1, H2, H3, H4, None),
                    ),
                ),
            ),
            verdict=ambiguous(H4),
            silent=("icmp-from-router", "icmp-from-host"),
        ),
        id="what another host says of itself says nothing of this one",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    answered(asked, icmp(kind, HOST)),
                    walked=ladder(asked.flow, [H1, H2, H3, H4, icmp(kind, HOST)]),
                ),
                verdict=remote(H4, mechanism),
                fires=("icmp-from-host",),
                silent=("icmp-from-router",),
            ),
            id=f"the host itself says {kind.value} to {asked.flow.protocol.value}",
        )
        for asked, kind, mechanism in (
            (TUNNEL_PROBE, IcmpKind.PORT_UNREACHABLE, Mechanism.REFUSED),
            (API_SYN, IcmpKind.PORT_UNREACHABLE, Mechanism.ICMP_UNREACHABLE),
            (API_SYN, IcmpKind.ADMIN_PROHIBITED, Mechanism.ADMIN_PROHIBITED),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.TIME_EXCEEDED, H3)),
                walked=ladder(TUNNEL, [H1, H2, H3, H2, H3, H2]),
            ),
            verdict=between(H2, H3, Mechanism.ROUTING_LOOP),
            fires=("routing-loop",),
            silent=("icmp-from-router", "hop-limit-too-small"),
        ),
        id="a whole hop limit is used up: a loop",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.TIME_EXCEEDED, H3)),
                walked=NOT_ASKED,
            ),
            host=replace(host_state(), sysctls=(DEFAULT_TTL,)),
            verdict=None,
            silent=("routing-loop", "hop-limit-too-small"),
        ),
        id="it expired where a packet that starts with so little expires anyhow",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(TUNNEL_PROBE, icmp(IcmpKind.PORT_UNREACHABLE, HOST)),
                walked=ladder(TUNNEL, [H1, H2, H3, H4, icmp(IcmpKind.PORT_UNREACHABLE, HOST)]),
            ),
            host=replace(host_state(), sysctls=(DEFAULT_TTL,)),
            verdict=remote(H4, Mechanism.REFUSED),
            fires=("icmp-from-host",),
            silent=("hop-limit-too-small",),
        ),
        id="the host itself refuses what starts with so little: it arrived",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(H1, H2, H3, H4, reset()),
            verdict=remote(H4, Mechanism.REFUSED, Certainty.BOUNDED),
            fires=("reset-from-host",),
            silent=("forged-reset",),
        ),
        id="a closed port: distance and hop limit are the host's own",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(H1, H2, H3, H4, reset(), controls=()),
            verdict=remote(H4, Mechanism.REFUSED, Certainty.BOUNDED),
            fires=("reset-from-host",),
            silent=("forged-reset",),
        ),
        id="a closed port without a control, its distance as its hop limit says",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(H1, H2, H3, H4, reset(118), hop_limit=118, controls=()),
            verdict=ambiguous(H4, OUTSIDE, Mechanism.RESET),
            fires=("reset-from-host",),
        ),
        id="a reset whose hop limit fits no distance",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(
                icmp(IcmpKind.TIME_EXCEEDED, H1, hop_limit=64),
                icmp(IcmpKind.TIME_EXCEEDED, H2, hop_limit=63),
                icmp(IcmpKind.TIME_EXCEEDED, H3, hop_limit=62),
                reset(62),
                hop_limit=62,
            ),
            verdict=Said(
                where=ON_PATH,
                certainty=Certainty.PROVEN,
                after=H2,
                upto=H3,
                mechanism=Mechanism.FORGED_RESET,
            ),
            fires=("forged-reset",),
        ),
        id="a reset nearer than the host, with the hop limit of a router's own errors",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(
                icmp(IcmpKind.TIME_EXCEEDED, H1, hop_limit=64),
                icmp(IcmpKind.TIME_EXCEEDED, H2, hop_limit=63),
                icmp(IcmpKind.TIME_EXCEEDED, H3, hop_limit=62),
                reset(60),
                hop_limit=60,
            ),
            verdict=between(H2, H4, Mechanism.FORGED_RESET),
            fires=("forged-reset",),
        ),
        id="a reset nearer than the host that feigns the host's hop limit",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(H1, H2, H3, None, None, reset(1), hop_limit=59),
            verdict=between(H2, H4, Mechanism.FORGED_RESET),
            fires=("forged-reset",),
        ),
        id="a reset that bears what was left of the probe's hop limit",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(H1, H2, H3, None, None, reset(56), hop_limit=60, controls=()),
            verdict=ambiguous(H3, OUTSIDE, Mechanism.RESET),
            silent=("forged-reset",),
        ),
        id="two resets whose hop limits differ by less than those of their probes",
    ),
    pytest.param(
        Picture(
            evidence=reset_walk(
                icmp(IcmpKind.TIME_EXCEEDED, H1, hop_limit=64),
                icmp(IcmpKind.TIME_EXCEEDED, H2, hop_limit=63),
                icmp(IcmpKind.TIME_EXCEEDED, H3, hop_limit=62),
                icmp(IcmpKind.TIME_EXCEEDED, H4, hop_limit=61),
                reset(61),
                hop_limit=61,
            ),
            verdict=between(H3, H4, Mechanism.FORGED_RESET),
            fires=("forged-reset",),
        ),
        id="the last router resets in the host's name, one hop too near",
    ),
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    answered(asked, reply), walked=ladder(asked.flow, [H1, H2, H3, H4])
                ),
                verdict=remote(H4, mechanism),
                fires=("service-answer",),
            ),
            id=name,
        )
        for name, asked, reply, mechanism in (
            (
                "an NTP server out of step",
                NTP_PROBE,
                ntp_reply(stratum=16, leap=3),
                Mechanism.NTP_UNSYNCHRONISED,
            ),
            (
                "a kiss-o'-death",
                NTP_PROBE,
                replace(ntp_reply(stratum=0), kiss="DENY"),
                Mechanism.NTP_KISS,
            ),
        )
    ),
]

SILENT_SERVER = AnswerOctets(sent=0, seen=0, due=0, taken=0, quiet_s=1.0)
MUTE = ConnectedMute(
    has_left=True, is_acknowledged=True, hop_limit=60, octets=SILENT_SERVER
)
UNHEARD = ConnectedMute(has_left=True, is_acknowledged=False, hop_limit=60)
RESET_LATER = TlsReply(answer=TlsAnswer.RESET, alert=0, hop_limit=60)
HELLO = TlsReply(answer=TlsAnswer.SERVER_HELLO, alert=0, hop_limit=None)


def expiring(*routers: str) -> tuple[IcmpReply, ...]:
    """Time Exceeded of routers, each with the hop limit with which its own packets arrive."""
    return tuple(
        icmp(IcmpKind.TIME_EXCEEDED, router, hop_limit=65 - distance)
        for distance, router in enumerate(routers, start=1)
    )


def asked_later(
    reply: Reply,
    *octets: Reply | None,
    again: Reply | None = None,
    small: Reply | None = None,
    other_name: Reply | None = None,
    controls: tuple[Control, ...] = (WHOLE_PORT,),
) -> FlowEvidence:
    """A connection that stood and failed, with what was asked of it afterwards.

    octets  what hop-limited octets drew from hop 1 on
    again, small, other_name  what these drew; the same failure where the story does not say
    """
    replies = {"again": again, "small": small, "other_name": other_name}
    stream = conversed(
        ladder(replace(API, source_port=40100), octets),
        **{name: answered(API_TLS, said or reply) for name, said in replies.items()},
    )
    return flow_evidence(
        answered(API_SYN, syn_ack()),
        answered(API_TLS, reply),
        walked=ladder(API, [H1, H2, H3, H4, syn_ack()]),
        controls=controls,
        stream=stream,
    )


def accepted_at(*routers: str, nearby: Reply) -> FlowEvidence:
    """A connection that is accepted one hop behind these routers and mute, and an echo as far."""
    asked = probe(ProbeKind.ICMP_ECHO, hop_limit=len(routers) + 1)
    accepted = syn_ack(64 - len(routers))
    return flow_evidence(
        answered(API_SYN, accepted),
        answered(API_TLS, replace(MUTE, hop_limit=accepted.hop_limit)),
        walked=ladder(API, [*routers, accepted]),
        handshake=HandshakeEvidence(
            syn=answered(replace(API_SYN, hop_limit=asked.hop_limit), accepted),
            before=NotChecked(reason="it is walked"),
            echo=answered(asked, nearby),
        ),
    )


def open_port(*, before: Reply | None, nearby: Reply) -> FlowEvidence:
    """A port that accepts where a SYN cannot reach the host, with no walk, and an echo as far."""
    asked = probe(ProbeKind.ICMP_ECHO, hop_limit=2)
    nearer = replace(API_SYN, hop_limit=1)
    return flow_evidence(
        answered(API_SYN, syn_ack(63)),
        answered(replace(API_TLS, kind=ProbeKind.TCP_CONNECT), Connected(hop_limit=63)),
        handshake=HandshakeEvidence(
            syn=answered(replace(API_SYN, hop_limit=2), syn_ack(63)),
            before=unanswered(nearer) if before is None else answered(nearer, before),
            echo=answered(asked, nearby),
        ),
    )


CONVERSATIONS = [
    pytest.param(
        Picture(
            evidence=asked_later(RESET_LATER, *expiring(H1, H2, H3), reset(62)),
            verdict=Said(
                where=ON_PATH,
                certainty=Certainty.PROVEN,
                after=H2,
                upto=H3,
                mechanism=Mechanism.FORGED_RESET,
            ),
            fires=("octets-stopped",),
            silent=("server-name-filtered", "answer-too-large"),
        ),
        id="octets that cannot reach the host draw the reset",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(RESET_LATER, *expiring(H1, H2, H3, H4), reset()),
            verdict=remote(H4, Mechanism.RESET, Certainty.BOUNDED),
            fires=("stream-fails",),
            silent=("octets-stopped",),
        ),
        id="octets draw the reset where the host is and no nearer",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(RESET_LATER, *expiring(H1, H2, H3), reset(62), controls=()),
            verdict=ambiguous(H3, OUTSIDE, Mechanism.RESET),
            fires=("stream-fails",),
            silent=("octets-stopped",),
        ),
        id="octets draw a reset, and nobody knows how far away the host is",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(UNHEARD, *expiring(H1, H2, H3), None, None),
            verdict=between(H3, H4),
            fires=("octets-stopped",),
        ),
        id="octets expire up to a hop, SYNs beyond it",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(UNHEARD, *expiring(H1, H2, H3, H4), None, None),
            verdict=ambiguous(H4),
            silent=("octets-stopped",),
        ),
        id="octets vanish on the last mile, where the host is next",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(UNHEARD, *expiring(H1, H2, H3), None, None, again=HELLO),
            verdict=ambiguous(None),
            silent=("octets-stopped",),
        ),
        id="a connection that serves the second time is not filtered",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(UNHEARD, *expiring(H1, H2, H3), None, None, other_name=HELLO),
            verdict=between(H3, H4, Mechanism.SNI_FILTER),
            fires=("server-name-filtered",),
            silent=("octets-stopped",),
        ),
        id="octets with the server name vanish, another name is served",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(RESET_LATER, *expiring(H1, H2, H3, H4), reset(), other_name=HELLO),
            verdict=remote(H4, Mechanism.RESET, Certainty.BOUNDED),
            fires=("server-name-filtered", "stream-fails"),
        ),
        id="the name is reset where the host is: the server minds it",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(UNHEARD, other_name=HELLO),
            verdict=ambiguous(None, OUTSIDE, Mechanism.SNI_FILTER),
            fires=("server-name-filtered",),
        ),
        id="another name is served, and no octets were walked: a server may mind the name too",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(MUTE, *expiring(H1, H2, H3), None, None, small=HELLO),
            verdict=between(H3, H4, Mechanism.PMTU_BLACKHOLE),
            fires=("answer-too-large",),
        ),
        id="full-sized octets vanish, small segments are answered",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(MUTE, *expiring(H1, H2, H3, H4), acknowledged(), small=HELLO),
            verdict=ambiguous(None, OUTSIDE, Mechanism.PMTU_BLACKHOLE),
            fires=("answer-too-large",),
        ),
        id="full-sized octets reach the host: the way back is narrow, or the host is deaf to ICMP",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(MUTE, *expiring(H1, H2, H3, H4), acknowledged()),
            verdict=remote(H4, Mechanism.SERVICE_SILENT),
            fires=("stream-fails",),
            silent=("answer-too-large", "octets-stopped", "server-name-filtered"),
        ),
        id="octets are acknowledged where the host is, and nothing is ever answered",
    ),
    *(
        pytest.param(
            Picture(
                evidence=asked_later(
                    replace(MUTE, octets=octets), *expiring(H1, H2, H3, H4), acknowledged()
                ),
                verdict=verdict,
                fires=("stream-fails",),
                silent=("answer-not-delivered",),
            ),
            id=name,
        )
        for name, octets, verdict in (
            (
                "the far end acknowledges, and does not tell later that it sent nothing",
                AnswerOctets(sent=0, seen=0, due=0, taken=0, quiet_s=0.0),
                ambiguous(H4, OUTSIDE, Mechanism.SERVICE_SILENT),
            ),
            (
                "the far end counts an answer that never came",
                AnswerOctets(sent=2000, seen=0, due=0, taken=0, quiet_s=1.0),
                ambiguous(H4, OUTSIDE, Mechanism.RETURN_PATH),
            ),
            (
                "the far end counts more of an answer than came",
                AnswerOctets(sent=2000, seen=1448, due=1448, taken=1448, quiet_s=1.0),
                ambiguous(H4, OUTSIDE, Mechanism.RETURN_PATH),
            ),
            (
                "what the tap missed and the socket was given is not missing",
                AnswerOctets(sent=1448, seen=0, due=0, taken=1448, quiet_s=1.0),
                ambiguous(H4, OUTSIDE, Mechanism.SERVICE_SILENT),
            ),
        )
    ),
    *(
        pytest.param(
            Picture(
                evidence=asked_later(reply, *expiring(H1, H2, H3, H4), acknowledged()),
                verdict=local(Mechanism.LOCAL_DROP),
                fires=(fired,),
                silent=("octets-stopped", "server-name-filtered", "answer-too-large", other),
            ),
            id=name,
        )
        for name, reply, fired, other in (
            (
                "the octets of an answer came to this host and not to the socket",
                replace(
                    MUTE,
                    octets=AnswerOctets(sent=2000, seen=2000, due=2000, taken=0, quiet_s=1.0),
                ),
                "answer-not-delivered",
                "stream-fails",
            ),
            (
                "the octets behind a handshake never left",
                ConnectedMute(has_left=False, is_acknowledged=False, hop_limit=60),
                "stream-fails",
                "answer-not-delivered",
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=asked_later(
                TlsReply(answer=TlsAnswer.NOT_TLS, alert=0, hop_limit=None),
                *expiring(H1, H2, H3, H4),
                acknowledged(),
            ),
            verdict=remote(H4, Mechanism.SERVICE_REFUSES),
            fires=("stream-fails",),
        ),
        id="what answers without TLS answers where the host is",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(
                ProxyReply(status=403), *expiring(H1, H2, H3, H4), acknowledged()
            ),
            verdict=remote(H4, Mechanism.SERVICE_REFUSES),
            fires=("stream-fails",),
        ),
        id="a forward proxy refuses where it is itself",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(ProxyReply(status=403), *expiring(H1, H2, H3), controls=()),
            verdict=ambiguous(H4, OUTSIDE, Mechanism.SERVICE_REFUSES),
            fires=("stream-fails",),
        ),
        id="a refusal in plain HTTP is anybody's on the way",
    ),
    pytest.param(
        Picture(
            evidence=asked_later(ProxyReply(status=407), *expiring(H1, H2, H3, H4), acknowledged()),
            verdict=None,
            fires=(),
            silent=("stream-fails",),
        ),
        id="a forward proxy that wants credentials is not said to refuse",
    ),
]

STREAMS = [
    *(
        pytest.param(
            Picture(
                evidence=flow_evidence(
                    answered(API_SYN, syn_ack()),
                    answered(API_TLS, reply),
                    walked=ladder(API, [H1, H2, H3, H4, syn_ack()]),
                    controls=(WHOLE_PORT,),
                ),
                verdict=verdict,
                fires=("stream-fails",),
                silent=("left-this-host", "reset-from-host"),
            ),
            id=name,
        )
        for name, reply, verdict in (
            (
                "accepted and closed",
                TlsReply(answer=TlsAnswer.CLOSED, alert=0, hop_limit=None),
                remote(H4, Mechanism.SERVICE_REFUSES),
            ),
            (
                "accepted, acknowledged, mute",
                ConnectedMute(has_left=True, is_acknowledged=True, hop_limit=60),
                ambiguous(H4, OUTSIDE, Mechanism.SERVICE_SILENT),
            ),
            (
                "accepted, never acknowledged: a filter for data looks the same",
                ConnectedMute(has_left=True, is_acknowledged=False, hop_limit=60),
                ambiguous(None),
            ),
            (
                "accepted, and the ClientHello never left: it was dropped here",
                ConnectedMute(has_left=False, is_acknowledged=False, hop_limit=60),
                local(Mechanism.LOCAL_DROP),
            ),
            (
                "mute, but its SYN-ACK has not the host's hop limit",
                ConnectedMute(has_left=True, is_acknowledged=True, hop_limit=63),
                ambiguous(H4, OUTSIDE, Mechanism.SERVICE_SILENT),
            ),
            (
                "reset after the ClientHello",
                TlsReply(answer=TlsAnswer.RESET, alert=0, hop_limit=60),
                ambiguous(None, OUTSIDE, Mechanism.RESET),
            ),
            (
                "something answers that is no TLS",
                TlsReply(answer=TlsAnswer.NOT_TLS, alert=0, hop_limit=None),
                ambiguous(H4, OUTSIDE, Mechanism.SERVICE_REFUSES),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(API_SYN, syn_ack(63)),
                answered(API_TLS, ConnectedMute(has_left=True, is_acknowledged=True, hop_limit=63)),
                walked=ladder(API, [H1, syn_ack(63)]),
                controls=(WHOLE_ECHO,),
            ),
            verdict=between(H1, H2, Mechanism.TRANSPARENT_PROXY),
            fires=("stream-fails",),
        ),
        id="a SYN-ACK from where the host is not: a transparent proxy",
    ),
    pytest.param(
        Picture(
            evidence=accepted_at(H1, nearby=expiring(H1, H2)[-1]),
            verdict=Said(
                where=ON_PATH,
                certainty=Certainty.PROVEN,
                after=H1,
                upto=H2,
                mechanism=Mechanism.TRANSPARENT_PROXY,
            ),
            fires=("accepted-on-path", "stream-fails"),
        ),
        id="a SYN-ACK where an echo to the host expires, with the hop limit of that router",
    ),
    pytest.param(
        Picture(
            evidence=accepted_at(H1, nearby=icmp(IcmpKind.TIME_EXCEEDED, H2, hop_limit=255)),
            verdict=between(H1, H2, Mechanism.TRANSPARENT_PROXY),
            fires=("accepted-on-path", "stream-fails"),
        ),
        id="a SYN-ACK where an echo to the host expires, with a hop limit of its own",
    ),
    pytest.param(
        Picture(
            evidence=open_port(before=expiring(H1)[0], nearby=expiring(H1, H2)[1]),
            verdict=Said(
                where=ON_PATH,
                certainty=Certainty.PROVEN,
                after=H1,
                upto=H2,
                mechanism=Mechanism.TRANSPARENT_PROXY,
            ),
            fires=("accepted-on-path",),
        ),
        id="an open port that accepts where an echo expires, and no nearer",
    ),
    pytest.param(
        Picture(
            evidence=open_port(before=None, nearby=expiring(H1, H2)[1]),
            verdict=between("edge", H2, Mechanism.TRANSPARENT_PROXY),
            fires=("accepted-on-path",),
        ),
        id="an open port that accepts where an echo expires, perhaps nearer",
    ),
    pytest.param(
        Picture(
            evidence=open_port(before=expiring(H1)[0], nearby=echo_reply(63)),
            verdict=None,
            silent=("accepted-on-path",),
        ),
        id="an open port of a host that is near",
    ),
    pytest.param(
        Picture(
            evidence=accepted_at(H1, nearby=echo_reply(63)),
            verdict=ambiguous(H1, OUTSIDE, Mechanism.SERVICE_SILENT),
            fires=("stream-fails",),
            silent=("accepted-on-path",),
        ),
        id="a SYN-ACK where the host's own echo comes from: a host that is near",
    ),
    *CONVERSATIONS,
]


def said_of(rcode: int, *found: str, hop_limit: int = 60) -> DnsReply:
    return DnsReply(
        rcode=rcode, addresses=addresses(*found), is_truncated=False, hop_limit=hop_limit
    )


def router(address: str, hop_limit: int) -> IcmpReply:
    return icmp(IcmpKind.TIME_EXCEEDED, address, hop_limit=hop_limit)


ROUTERS_ON_THE_WAY = (router(H1, 64), router(H2, 63), router(H3, 62), router(H4, 61))
ECHO_TO_RESOLVER = control(Relation.ECHO, echo_walk(*ROUTERS_ON_THE_WAY, echo_reply(60)))
LINE_OF_RESOLVER = ResolverLine(
    address=ip_address(HOST), path="/etc/resolv.conf", line=2, text=f"nameserver {HOST}"
)
NOBODY = replace(DNS_PROBE, id=7, name="0f.invalid")
TO_LOOPBACK = replace(DNS_PROBE, flow=replace(DNS_PROBE.flow, destination=ip_address("127.0.0.1")))


def asked_of(
    reply: DnsReply,
    *rungs: IcmpReply | DnsReply | None,
    nobody: DnsReply | None = None,
    controls: tuple[Control, ...] = (ECHO_TO_RESOLVER,),
) -> FlowEvidence:
    """A name server that gave this answer, its ladder, and what it said of a name of nobody."""
    return flow_evidence(
        answered(DNS_PROBE, reply),
        walked=ladder(DNS_PROBE.flow, rungs),
        controls=controls,
        name_server=NameServer(
            line=LINE_OF_RESOLVER,
            nobody=() if nobody is None else (answered(NOBODY, nobody),),
        ),
    )


INVENTED = said_of(0, "203.0.113.99")
AT_H2 = Said(
    where=ON_PATH,
    certainty=Certainty.PROVEN,
    after=H1,
    upto=H2,
    mechanism=Mechanism.DNS_HIJACK,
)
SOMEBODY = Said(
    where=OUTSIDE,
    certainty=Certainty.AMBIGUOUS,
    upto="host",
    mechanism=Mechanism.DNS_FAILURE,
)
MISNAMED = Said(
    where=(Place.LOCAL, Place.REMOTE),
    certainty=Certainty.AMBIGUOUS,
    after=H4,
    upto="host",
    mechanism=Mechanism.REFUSED,
)


def refusing_server(*earlier: Outcome, server: NameServer | NotChecked) -> FlowEvidence:
    """A host that says port unreachable to a query."""
    error = icmp(IcmpKind.PORT_UNREACHABLE, HOST)
    return flow_evidence(
        answered(DNS_PROBE, error),
        *earlier,
        walked=ladder(DNS_PROBE.flow, [H1, H2, H3, H4, error]),
        name_server=server,
    )


NAME_SERVERS = [
    *(
        pytest.param(
            Picture(
                evidence=asked_of(reply, *ROUTERS_ON_THE_WAY, reply),
                verdict=remote(H4, Mechanism.DNS_FAILURE),
                fires=("service-answer",),
                silent=("forged-answer",),
            ),
            id=name,
        )
        for name, reply in (
            ("a name server that says SERVFAIL at its own distance", said_of(2)),
            ("one that denies every name there", said_of(3)),
            ("one that gives no name an address", said_of(0)),
        )
    ),
    pytest.param(
        Picture(
            evidence=asked_of(INVENTED, *ROUTERS_ON_THE_WAY, INVENTED, nobody=INVENTED),
            verdict=remote(H4, Mechanism.DNS_HIJACK),
            fires=("service-answer",),
            silent=("forged-answer",),
        ),
        id="a name server that gives its address to names of nobody as well",
    ),
    pytest.param(
        Picture(
            evidence=asked_of(
                said_of(0, HOST), *ROUTERS_ON_THE_WAY, said_of(0, HOST), nobody=INVENTED
            ),
            verdict=None,
            silent=("service-answer", "forged-answer"),
        ),
        id="one that invents addresses for names of nobody alone serves real names",
    ),
    pytest.param(
        Picture(
            evidence=asked_of(said_of(3), controls=()), verdict=SOMEBODY, silent=("forged-answer",)
        ),
        id="a denial whose distance no control tells is anybody's",
    ),
    pytest.param(
        Picture(
            evidence=asked_of(said_of(3, hop_limit=63), router(H1, 64), said_of(3, hop_limit=63)),
            verdict=AT_H2,
            fires=("forged-answer",),
            silent=("service-answer",),
        ),
        id="a denial drawn by a hop limit that cannot reach the name server",
    ),
    pytest.param(
        Picture(
            evidence=asked_of(
                replace(INVENTED, hop_limit=63),
                router(H1, 64),
                replace(INVENTED, hop_limit=63),
                nobody=INVENTED,
            ),
            verdict=AT_H2,
            fires=("forged-answer",),
        ),
        id="an address for nobody, drawn by such a hop limit",
    ),
    pytest.param(
        Picture(
            evidence=asked_of(said_of(3, hop_limit=250), router(H1, 64), said_of(3)),
            verdict=replace(
                AT_H2, certainty=Certainty.BOUNDED, after="edge"
            ),
            fires=("forged-answer",),
        ),
        id="a box that sets its hop limit at will is known to lie within two hops",
    ),
    pytest.param(
        Picture(
            evidence=refusing_server(server=NameServer(line=LINE_OF_RESOLVER, nobody=())),
            verdict=MISNAMED,
            fires=("icmp-from-host",),
        ),
        id="a daemon that died and a line that names another host are one picture",
    ),
    pytest.param(
        Picture(
            evidence=refusing_server(
                answered(replace(DNS_PROBE, id=2), said_of(2)),
                server=NameServer(line=LINE_OF_RESOLVER, nobody=()),
            ),
            verdict=remote(H4, Mechanism.REFUSED),
        ),
        id="who answered in DNS before is named rightly",
    ),
    pytest.param(
        Picture(
            evidence=refusing_server(server=NotChecked(reason="an older version")),
            verdict=remote(H4, Mechanism.REFUSED),
        ),
        id="where no line was read none is suspected",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(
                answered(
                    TO_LOOPBACK, icmp(IcmpKind.PORT_UNREACHABLE, "127.0.0.1"), has_left=False
                ),
                way=route(None, interface="lo", is_local=True),
                name_server=NameServer(line=None, nobody=()),
            ),
            verdict=local(
                Mechanism.DNS_FAILURE,
                ResolverObject(
                    address=ip_address("127.0.0.1"), path="/etc/resolv.conf", line=0, text=""
                ),
            ),
            fires=("own-service",),
        ),
        id="a file that names no server, and not the port that is asked instead",
    ),
]

AHEAD_S, NTP_HOST, SECOND_S = 900.0, ip_address(HOST), 1.0
OFF = ClockOffset(server=NTP_HOST, offset_s=AHEAD_S)
OTHER = ip_address(NEIGHBOUR_HOST)


def told(*others: ClockOffset, offset_s: float = AHEAD_S) -> FlowEvidence:
    """A time server's answer, and what other servers say."""
    around = surroundings(clocks=(replace(OFF, offset_s=offset_s), *others))
    return flow_evidence(answered(NTP_PROBE, ntp_reply(offset_s=offset_s)), around=around)


SERVED = [
    pytest.param(
        Picture(
            evidence=told(ClockOffset(server=OTHER, offset_s=AHEAD_S + SECOND_S)),
            verdict=replace(
                local(Mechanism.CLOCK_SKEW, ClockObject(offset_s=AHEAD_S)),
                certainty=Certainty.BOUNDED,
            ),
            fires=("clock-skew",),
        ),
        id="two servers agree against this host: its clock is wrong",
    ),
    pytest.param(
        Picture(
            evidence=told(ClockOffset(server=OTHER, offset_s=SECOND_S)),
            verdict=remote("edge", Mechanism.CLOCK_SKEW),
            fires=("clock-skew",),
        ),
        id="one server against another and this host: that server is wrong",
    ),
    pytest.param(
        Picture(
            evidence=told(),
            verdict=ambiguous(None, ANYWHERE, Mechanism.CLOCK_SKEW),
            fires=("clock-skew",),
        ),
        id="one server against this host: nobody decides",
    ),
    pytest.param(
        Picture(
            evidence=told(ClockOffset(server=OTHER, offset_s=-AHEAD_S)),
            verdict=ambiguous(None, ANYWHERE, Mechanism.CLOCK_SKEW),
            fires=("clock-skew",),
        ),
        id="three clocks that all differ: nobody decides",
    ),
    pytest.param(
        Picture(
            evidence=told(offset_s=SECOND_S),
            verdict=None,
            silent=("clock-skew",),
        ),
        id="a second is borne",
    ),
]


def shows(
    certificate: Presented | NotChecked,
    *clocks: float,
    name: str = HOST,
    way: HandshakeEvidence | None = None,
    override: Override | None = None,
    has_left: bool = True,
) -> FlowEvidence:
    """A server behind three routers that answers TLS, by what these clocks are ahead of ours."""
    servers = zip((NTP_HOST, OTHER), clocks, strict=False)
    around = surroundings(clocks=(ClockOffset(server=at, offset_s=by) for at, by in servers))
    return flow_evidence(
        answered(API_SYN, syn_ack(), has_left=has_left),
        answered(API_TLS, HELLO, has_left=has_left),
        of=target("api-server-6443", kinds=(API_SYN.kind, API_TLS.kind), host=name, address=HOST),
        walked=ladder(API, expiring(H1, H2, H3)) if way is None else NotChecked(reason="many"),
        handshake=NotChecked(reason="not asked") if way is None else way,
        around=around,
        override=override,
        certificate=certificate,
    )


EXPIRED = presented(HOST, until_s=SEEN_S - 1000.0)
FUTURE = presented(HOST, since_s=SEEN_S + 500.0)
STRANGE = presented(HOST, chain=Chain.UNKNOWN_ISSUER)
IN_STEP = (SECOND_S, -SECOND_S)
NEAR_ACCEPTED = HandshakeEvidence(
    syn=answered(replace(API_SYN, hop_limit=2), syn_ack(63)),
    before=answered(replace(API_SYN, hop_limit=1), icmp(IcmpKind.TIME_EXCEEDED, H1)),
    echo=answered(
        probe(ProbeKind.ICMP_ECHO, hop_limit=2),
        icmp(IcmpKind.TIME_EXCEEDED, H2, hop_limit=63),
    ),
)

CERTIFICATES = [
    *(
        pytest.param(
            Picture(evidence=shows(shown), verdict=verdict, fires=("service-unavailable",)), id=name
        )
        for name, shown, verdict in (
            (
                "a registry that is trusted says 503",
                presented(HOST, registry=registry_says(503)),
                remote(H3, Mechanism.SERVICE_REFUSES),
            ),
            (
                "who gives its tokens says 503 to a stranger",
                presented(HOST, pulled=(PullStep(part=PullPart.TOKEN, status=503),)),
                remote(H3, Mechanism.SERVICE_REFUSES),
            ),
            (
                "a registry has an image and no way to its layers",
                presented(
                    HOST,
                    registry=registry_says(401),
                    pulled=(
                        PullStep(part=PullPart.MANIFEST, status=200),
                        PullStep(part=PullPart.BLOB, status=502),
                    ),
                ),
                remote(H3, Mechanism.SERVICE_REFUSES),
            ),
            (
                "who says 503 is not known",
                presented(HOST, registry=registry_says(503), chain=Chain.NOT_CHECKED),
                ambiguous(H3, OUTSIDE, Mechanism.SERVICE_REFUSES),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=shows(presented(HOST, http2=Http2.REFUSED)),
            verdict=ambiguous(H3, OUTSIDE, Mechanism.SERVICE_REFUSES),
            fires=("http2-refused",),
        ),
        id="a gateway that refuses whoever offers what Raven's agents speak",
    ),
    pytest.param(
        Picture(
            evidence=shows(presented("other.example", http2=Http2.REFUSED)),
            verdict=remote(H3, Mechanism.CERTIFICATE),
            silent=("http2-refused",),
        ),
        id="and whose certificate is another's: that is said",
    ),
    *(
        pytest.param(
            Picture(
                evidence=shows(presented(HOST, http2=made)), verdict=None, silent=("http2-refused",)
            ),
            id=name,
        )
        for made, name in (
            (Http2.SPOKEN, "a gateway that speaks HTTP/2"),
            (Http2.CHOSEN, "one that ends the connection for want of a client's certificate"),
            (Http2.UNCHOSEN, "one that chooses nothing, with which older clients go on"),
            (Http2.STRANGE, "one that chooses HTTP/2 and begins otherwise"),
        )
    ),
    pytest.param(
        Picture(
            evidence=shows(presented(HOST, registry=registry_says(401))),
            verdict=None,
            silent=("service-unavailable",),
        ),
        id="a registry that serves asks strangers who they are",
    ),
    *(
        pytest.param(
            Picture(
                evidence=shows(
                    presented(HOST, pulled=(PullStep(part=PullPart.TOKEN, status=status),))
                ),
                verdict=None,
                silent=("service-unavailable",),
            ),
            id=name,
        )
        for name, status in (
            ("who gives tokens gives none to strangers", 401),
            ("nor when asked too often", 429),
            ("and nothing came in time", NotChecked(reason="no answer")),
        )
    ),
    *(
        pytest.param(
            Picture(evidence=evidence, verdict=verdict, fires=("certificate-refused",)), id=name
        )
        for name, evidence, verdict in (
            (
                "expired by two other clocks as well: the server's",
                shows(EXPIRED, *IN_STEP),
                remote(H3, Mechanism.CERTIFICATE),
            ),
            (
                "not yet valid, and one clock confirms ours",
                shows(FUTURE, SECOND_S),
                remote(H3, Mechanism.CERTIFICATE),
            ),
            (
                "expired by a clock that is off as well",
                shows(EXPIRED, AHEAD_S),
                remote(H3, Mechanism.CERTIFICATE),
            ),
            (
                "expired, and no other clock answers",
                shows(EXPIRED),
                ambiguous(H3, (Place.LOCAL, Place.REMOTE), Mechanism.CERTIFICATE),
            ),
            (
                "valid by two other clocks: this host's is wrong",
                shows(FUTURE, AHEAD_S, AHEAD_S + SECOND_S),
                replace(
                    local(Mechanism.CLOCK_SKEW, ClockObject(offset_s=AHEAD_S)),
                    certainty=Certainty.BOUNDED,
                ),
            ),
            (
                "valid by one other clock: one of two is wrong",
                shows(FUTURE, AHEAD_S),
                ambiguous(H3, (Place.LOCAL, Place.REMOTE), Mechanism.CERTIFICATE),
            ),
            (
                "the other clocks differ",
                shows(FUTURE, AHEAD_S, SECOND_S),
                ambiguous(H3, (Place.LOCAL, Place.REMOTE), Mechanism.CERTIFICATE),
            ),
            (
                "expired, and who signed it was not judged: anybody may have made it",
                shows(replace(EXPIRED, chain=Chain.NOT_CHECKED), *IN_STEP),
                ambiguous(H3, OUTSIDE, Mechanism.CERTIFICATE),
            ),
            (
                "a good signature for another name",
                shows(presented("other.example"), name="cs.example"),
                remote(H3, Mechanism.CERTIFICATE),
            ),
            (
                "another name where a line of the hosts file leads, and no resolver says more",
                shows(
                    presented("other.example"),
                    name="cs.example",
                    override=Override(entry=replace(LINE, address=API.destination), answers=()),
                ),
                ambiguous(H3, (Place.LOCAL, Place.REMOTE), Mechanism.CERTIFICATE),
            ),
            (
                "a stranger's at the host's distance: the host, or a box before it",
                shows(replace(STRANGE, vouching=addresses(NEIGHBOUR_HOST)), *IN_STEP),
                ambiguous(H3, OUTSIDE, Mechanism.CERTIFICATE),
            ),
            (
                "a stranger's, where this host's list of authorities may be out of date",
                shows(STRANGE, *IN_STEP),
                ambiguous(H3, ANYWHERE, Mechanism.CERTIFICATE),
            ),
            (
                "a stranger's in evidence that is older than the question who vouches",
                shows(replace(STRANGE, vouching=NOT_ASKED)),
                ambiguous(H3, ANYWHERE, Mechanism.CERTIFICATE),
            ),
            (
                "the same stranger's at another host",
                shows(
                    replace(
                        STRANGE,
                        alike=addresses(NEIGHBOUR_HOST),
                        vouching=addresses("203.0.113.8"),
                    )
                ),
                ambiguous(H3, OUTSIDE, Mechanism.TLS_INTERCEPTION),
            ),
            (
                "the same stranger's at another host, and nobody whom this host trusts",
                shows(replace(STRANGE, alike=addresses(NEIGHBOUR_HOST))),
                ambiguous(H3, ANYWHERE, Mechanism.CERTIFICATE),
            ),
            (
                "a stranger's, behind a handshake that cannot have reached the host",
                shows(STRANGE, way=NEAR_ACCEPTED),
                Said(
                    where=ON_PATH,
                    certainty=Certainty.PROVEN,
                    after=H1,
                    upto=H2,
                    mechanism=Mechanism.TLS_INTERCEPTION,
                ),
            ),
            (
                "a stranger's, and no packet was seen leaving: this host may answer",
                shows(STRANGE, has_left=False),
                ambiguous(H3, ANYWHERE, Mechanism.CERTIFICATE),
            ),
        )
    ),
    *(
        pytest.param(
            Picture(evidence=evidence, verdict=None, silent=("certificate-refused",)), id=name
        )
        for name, evidence in (
            ("a certificate in order", shows(presented(HOST))),
            ("none was seen", shows(NotChecked(reason="the version did not look at it"))),
            (
                "a stranger's to whom no authority is known",
                shows(presented(HOST, chain=Chain.NOT_CHECKED)),
            ),
            (
                "in order, though a proxy accepts",
                shows(presented(HOST), way=NEAR_ACCEPTED),
            ),
        )
    ),
    pytest.param(
        Picture(
            evidence=shows(
                STRANGE,
                name=LINE.name,
                override=Override(
                    entry=replace(LINE, address=API.destination), answers=addresses(OTHER_NETWORK)
                ),
            ),
            verdict=local(
                Mechanism.HOSTS_OVERRIDE,
                HostsFileObject(
                    name=LINE.name, address=API.destination, path=LINE.path, line=LINE.line
                ),
            ),
            fires=("hosts-override",),
            silent=("certificate-refused",),
        ),
        id="a stranger's where a hosts file leads and no resolver does",
    ),
]

DAEMON_S_OWN = [
    pytest.param(
        Picture(
            evidence=flow_evidence(answered(TUNNEL_PROBE, ike_reply())),
            verdict=ambiguous(None, (Place.LOCAL, Place.REMOTE), Mechanism.IKE_NO_CONNECTION),
            fires=("ike-refused",),
            silent=("ike-authentication",),
            host=listened(transaction(IkeExchange.SA_INIT, response_octets=36, notifies=(14,))),
        ),
        id="the gateway answers the probe, and refuses what the node's own daemon proposes",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(answered(TUNNEL_PROBE, ike_reply())),
            verdict=ambiguous(None, (Place.LOCAL, Place.REMOTE), Mechanism.SERVICE_REFUSES),
            fires=("ike-authentication",),
            silent=("ike-refused",),
            host=listened(transaction(IkeExchange.AUTH, response_octets=80)),
        ),
        id="the gateway answers the probe, and IKE_AUTH of the node's own daemon by an error",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(answered(TUNNEL_PROBE, ike_reply())),
            verdict=None,
            silent=("ike-refused", "ike-authentication", "ike-unanswered", "esp-one-way"),
            host=listened(),
        ),
        id="the node's own daemon says nothing: that is no fault of anybody",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(answered(TUNNEL_PROBE, ike_reply())),
            verdict=None,
            fires=("esp-one-way",),
            host=listened(stream(12, is_sent=True)),
        ),
        id="ESP leaves and none comes back: somewhere, and how is not known",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(answered(TUNNEL_PROBE, ike_reply())),
            verdict=None,
            silent=("esp-one-way", "ike-unanswered"),
            host=listened(stream(12, is_sent=True), stream(12, is_sent=False)),
        ),
        id="ESP leaves and comes back",
    ),
    pytest.param(
        Picture(
            evidence=flow_evidence(answered(TUNNEL_PROBE, ike_reply())),
            verdict=ambiguous("edge", OUTSIDE, Mechanism.SILENT_DROP),
            fires=("ike-unanswered",),
            silent=("ike-authentication",),
            host=listened(transaction(IkeExchange.AUTH, requests=3)),
        ),
        id="the gateway answers the probe, and is silent to IKE_AUTH of the node's own daemon",
    ),
]

PICTURES = [
    *(*ON_THIS_HOST, *SILENCE, *WORDS, *STREAMS),
    *(*NAME_SERVERS, *SERVED, *CERTIFICATES, *DAEMON_S_OWN),
]
ALL_RULES = tuple(dict.fromkeys((*EXCLUSIVE, *RULES, *RULES_WHERE_SERVED)))


@pytest.mark.parametrize("picture", PICTURES)
def test_what_is_seen_and_what_may_be_said(picture: Picture) -> None:
    if picture.verdict is None:
        verdict = combine("the flow", find(picture.evidence, picture.host))
        assert verdict is None or verdict.mechanism is None
    else:
        assert said(picture.evidence, picture.host) == picture.verdict


@pytest.mark.parametrize("picture", PICTURES)
def test_which_rules_fire_and_which_stay_silent(picture: Picture) -> None:
    fired = {finding.rule for finding in find(picture.evidence, picture.host)}
    assert set(picture.fires) <= fired
    assert not set(picture.silent) & fired


@pytest.mark.parametrize(
    ("disposition", "deciders", "is_reply", "ending"),
    [
        pytest.param(
            Disposition.DROPPED,
            (replace(NFT_RULE, text=""),),
            False,
            "; the rules as they are read say the same",
            id="by the same rule, whose words were not read",
        ),
        pytest.param(
            Disposition.PASSES,
            (),
            False,
            "; by the rules as they are read it passes: they are read wrongly or have changed, "
            "and the kernel's word counts",
            id="not at all",
        ),
        pytest.param(Disposition.UNDETERMINED, (), False, "in the output hook", id="perhaps"),
        pytest.param(Disposition.PASSES, (), True, "in the input hook", id="and it is the answer"),
    ],
)
def test_the_kernel_is_believed_whatever_the_rules_say_as_they_are_read(
    disposition: Disposition, deciders: tuple[NftRule, ...], is_reply: bool, ending: str
) -> None:
    hook = "input" if is_reply else "output"
    evidence = flow_evidence(
        unanswered(TUNNEL_PROBE, has_left=is_reply, has_come_back=is_reply),
        trace=TraceDropped(culprit=NFT_RULE, hook=hook, is_reject=False, is_reply=is_reply),
        explained=replace(explained(), disposition=disposition, deciders=deciders),
    )
    texts = {one.rule: one.text for one in find(evidence, host_state())}
    assert texts["traced-drop"].endswith(ending)


@pytest.mark.parametrize("rule", [rule.id for rule in ALL_RULES])
def test_every_rule_has_a_picture_where_it_fires_and_one_where_it_stays_silent(rule: str) -> None:
    pictures = [row.values[0] for row in PICTURES]
    fired = [
        {finding.rule for finding in find(picture.evidence, picture.host)}
        for picture in pictures
        if isinstance(picture, Picture)
    ]
    assert any(rule in ids for ids in fired)
    assert not all(rule in ids for ids in fired)


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.id)
def test_every_rule_says_when_it_holds_and_when_it_does_not(rule: object) -> None:
    text = str(rule.judge.__doc__)  # type: ignore[attr-defined]  # a Rule
    positions = [
        text.index(head) for head in ("Holds because", "Does not hold", "Asks for")
    ]
    assert positions == sorted(positions)
