"""Values of the model that tests tell their stories with; every address is of RFC 5737.

The stage is always the same: the edge node 192.0.2.10 behind its gateway 192.0.2.1, routers in
203.0.113.0/24, and the cloud in 198.51.100.0/24, the fifth hop. What a story does not say is as in
a healthy network; `dataclasses.replace` changes what has no parameter here.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, ip_address

from edgediag.checked import NO_CERTIFICATE
from edgediag.evidence import (
    NO_FIX,
    NO_NAME_SERVER,
    NO_OTHER_WAY,
    NOT_EXPLAINED,
    NOT_RUN,
    NOT_SOLICITED,
)
from edgediag.model.answer import NotChecked
from edgediag.model.certificate import Certificate, Chain, Http2, Presented, RegistryAnswer
from edgediag.model.drops import DropCount, KernelDrops, TracePassed, TraceResult
from edgediag.model.endpoint import Direction, ProbeKind, Target
from edgediag.model.evidence import (
    NOT_RESOLVED,
    Alternative,
    ClockOffset,
    Control,
    FlowEvidence,
    HandshakeEvidence,
    Kin,
    ListenerEvidence,
    NameServer,
    Override,
    ProgramVerdict,
    Relation,
    StreamEvidence,
    Surroundings,
)
from edgediag.model.explained import Explained
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.host import (
    NOT_FOLLOWED,
    HostState,
    InterfaceAddress,
    Link,
    Neighbour,
    NeighbourState,
)
from edgediag.model.listener import Listener
from edgediag.model.outcome import Answered, Outcome, SendFailed, Sighted, Unanswered
from edgediag.model.overlay import VxlanDevice
from edgediag.model.packet import Sighting
from edgediag.model.path import Hop, Ladder
from edgediag.model.probe import Probe, Purpose, Schedule, Way
from edgediag.model.pull import NOT_PULLED, PullStep
from edgediag.model.rehearsal import TriedFix
from edgediag.model.reply import (
    Acknowledged,
    EchoReply,
    IcmpKind,
    IcmpReply,
    IkeAnswer,
    IkeReply,
    NtpReply,
    Reply,
    Reset,
    SynAck,
)
from edgediag.model.route import Route, RouteAnswer
from edgediag.model.train import Train
from edgediag.model.tunnel import (
    NOT_LISTENED,
    EspStream,
    EspTaken,
    IkeExchange,
    IkeTransaction,
    PassingCount,
    Proposal,
    TunnelPeer,
    TunnelTraffic,
)
from edgediag.model.variation import Variation
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector, XfrmState, XfrmTemplate
from edgediag.plan import HOP_LIMIT, WAYS
from edgediag.wire.http_head import NO_CHALLENGE, NO_REALM

EDGE = "192.0.2.10"
GATEWAY = "192.0.2.1"
ROUTERS = ("203.0.113.1", "203.0.113.5", "203.0.113.9")
HOST = "198.51.100.21"
NEIGHBOUR_HOST = "198.51.100.22"
RESOLVER_HOST = "198.51.100.53"

# The hop limit with which answers of a host four routers away arrive.
FROM_CLOUD = 60

PROTOCOLS = {
    ProbeKind.TCP_SYN: Protocol.TCP,
    ProbeKind.TCP_CONNECT: Protocol.TCP,
    ProbeKind.TLS_CLIENT_HELLO: Protocol.TCP,
    ProbeKind.TLS_FLIGHT: Protocol.TCP,
    ProbeKind.IKE_SA_INIT: Protocol.UDP,
    ProbeKind.IKE_AUTH: Protocol.UDP,
    ProbeKind.ESP_IN_UDP: Protocol.UDP,
    ProbeKind.NTP: Protocol.UDP,
    ProbeKind.DNS: Protocol.UDP,
    ProbeKind.DNS_TCP: Protocol.TCP,
    ProbeKind.DNS_AAAA: Protocol.UDP,
    ProbeKind.ICMP_ECHO: Protocol.ICMP,
    ProbeKind.VXLAN: Protocol.UDP,
}
PORTS = {
    ProbeKind.TCP_SYN: 443,
    ProbeKind.TCP_CONNECT: 443,
    ProbeKind.TLS_CLIENT_HELLO: 443,
    ProbeKind.TLS_FLIGHT: 443,
    ProbeKind.IKE_SA_INIT: 4500,
    ProbeKind.IKE_AUTH: 4500,
    ProbeKind.ESP_IN_UDP: 4500,
    ProbeKind.NTP: 123,
    ProbeKind.DNS: 53,
    ProbeKind.DNS_TCP: 53,
    ProbeKind.DNS_AAAA: 53,
    ProbeKind.VXLAN: 8472,
}
ICMP_NUMBERS = {
    IcmpKind.TIME_EXCEEDED: (11, 0),
    IcmpKind.NET_UNREACHABLE: (3, 0),
    IcmpKind.HOST_UNREACHABLE: (3, 1),
    IcmpKind.PROTOCOL_UNREACHABLE: (3, 2),
    IcmpKind.PORT_UNREACHABLE: (3, 3),
    IcmpKind.FRAGMENTATION_NEEDED: (3, 4),
    IcmpKind.ADMIN_PROHIBITED: (3, 13),
    IcmpKind.OTHER: (12, 0),
}

NOT_ASKED = NotChecked(reason="this story does not need it")


# Flows and probes.

# Of "a server", from 2020 to 2090; made by `openssl ca` of OpenSSL 3.0.
CERTIFICATE_DER = base64.b64decode(
    "MIICCjCCAbGgAwIBAgIUKR7KvMoRH8779DIc0GJhkrUlhBkwCgYIKoZIzj0EAwIw"
    "KTEQMA4GA1UECgwHRXhhbXBsZTEVMBMGA1UEAwwMYW4gYXV0aG9yaXR5MCAXDTIw"
    "MDEwMTAwMDAwMFoYDzIwOTAwMTAxMDAwMDAwWjAlMREwDwYDVQQDDAhhIHNlcnZl"
    "cjEQMA4GA1UECgwHRXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLj2"
    "emq4AJWuKkG3B6Of4WUADZ0nSQU90krA97dp3fH29wYAIvoSkiUoO7X/HtY+Tycg"
    "egWXbeodLIcXf9wwSgyjgbgwgbUwCQYDVR0TBAIwADA5BgNVHREEMjAwgglhLmV4"
    "YW1wbGWCCyouYi5leGFtcGxlhwTAAAIBhxAgAQ24AAAAAAAAAAAAAAABMB0GA1Ud"
    "DgQWBBRmVQWIRAoKX4k79Fz59Jr1bkXOiDBOBgNVHSMERzBFoS2kKzApMRAwDgYD"
    "VQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxhbiBhdXRob3JpdHmCFFTxm7evML3M35kg"
    "5ODAT3KfruAwMAoGCCqGSM49BAMCA0cAMEQCIDoKrYpsZ5lylZuxoEma5BsLHZEh"
    "45Zh/qcGKQgn/UQqAiA149m5IyTqDuq1WRZpJQ+zljyIQKfWyBygGM113hBBvQ=="
)


def flow(
    protocol: Protocol = Protocol.UDP,
    *,
    host: str = HOST,
    port: int = 4500,
    source_port: int = 40000,
) -> Flow:
    """A flow from the edge node into the cloud."""
    return Flow(
        protocol=protocol,
        source=ip_address(EDGE),
        source_port=source_port,
        destination=ip_address(host),
        destination_port=port,
    )


def flow_of(kind: ProbeKind, *, host: str = HOST, source_port: int = 40000) -> Flow:
    """The flow on which a kind is usually asked; of an echo both ports are the identifier."""
    port = PORTS.get(kind, source_port)
    return flow(PROTOCOLS[kind], host=host, port=port, source_port=source_port)


def probe(
    kind: ProbeKind = ProbeKind.IKE_SA_INIT,
    *,
    on: Flow | None = None,
    id_: int = 1,
    check: str = "raven-tunnel-4500",
    purpose: Purpose = Purpose.CHECK,
    way: Way | None = None,
    hop_limit: int = HOP_LIMIT,
    name: str = "",
    offsets_s: tuple[float, ...] = (0.0, 0.4, 1.0),
    timeout_s: float = 2.0,
) -> Probe:
    """A probe as the plan draws it: sent the usual way of its kind, three tries in two seconds."""
    return Probe(
        id=id_,
        check=check,
        purpose=purpose,
        kind=kind,
        way=WAYS[kind] if way is None else way,
        flow=flow_of(kind) if on is None else on,
        hop_limit=hop_limit,
        ip_id=1000 + id_,
        token=0x0123456789ABCDEF + id_,
        name=name,
        schedule=Schedule(offsets_s=offsets_s, timeout_s=timeout_s),
    )


# Outcomes.


def answered(
    asked: Probe,
    reply: Reply,
    *,
    rtt_s: float = 0.02,
    has_left: bool = True,
    has_come_back: bool = True,
) -> Answered:
    """The probe was answered at its first try."""
    seen = _seen(asked, has_left=has_left, has_come_back=has_come_back)
    return Answered(probe=asked, reply=reply, rtt_s=rtt_s, tries=1, seen=seen)


def unanswered(asked: Probe, *, has_left: bool = True, has_come_back: bool = False) -> Unanswered:
    """Silence after all tries."""
    return Unanswered(
        probe=asked,
        waited_s=asked.schedule.timeout_s,
        tries=len(asked.schedule.offsets_s),
        seen=_seen(asked, has_left=has_left, has_come_back=has_come_back),
    )


def refused(asked: Probe, errno_name: str = "EPERM") -> SendFailed:
    """The kernel refused to send it."""
    return SendFailed(probe=asked, errno_name=errno_name, seen=())


def _seen(asked: Probe, *, has_left: bool, has_come_back: bool) -> tuple[Sighted, ...]:
    # Numbers follow from the probe's id, so that no two probes of a story share a packet.
    wanted = ((Sighting.TAP_OUT, has_left), (Sighting.TAP_IN, has_come_back))
    return tuple(
        Sighted(number=10 * asked.id + place, sighting=sighting, interface="eth0", rewritten=None)
        for place, (sighting, is_seen) in enumerate(wanted, start=1)
        if is_seen
    )


# Replies.


def syn_ack(hop_limit: int = FROM_CLOUD) -> SynAck:
    """An open port."""
    return SynAck(hop_limit=hop_limit)


def reset(hop_limit: int = FROM_CLOUD) -> Reset:
    """A closed port, or somebody who says so."""
    return Reset(hop_limit=hop_limit)


def echo_reply(hop_limit: int = FROM_CLOUD) -> EchoReply:
    """An answer to a ping."""
    return EchoReply(hop_limit=hop_limit)


def ike_reply(hop_limit: int = FROM_CLOUD) -> IkeReply:
    """What a healthy gateway says to a transform that it does not know."""
    return IkeReply(answer=IkeAnswer.NO_PROPOSAL_CHOSEN, notify=14, hop_limit=hop_limit)


def ntp_reply(*, stratum: int = 2, leap: int = 0, offset_s: float = 0.0) -> NtpReply:
    """A synchronised server whose clock is ours."""
    return NtpReply(
        stratum=stratum, leap=leap, kiss="", offset_s=offset_s, hop_limit=FROM_CLOUD
    )


def icmp(
    kind: IcmpKind, sender: str, *, hop_limit: int = FROM_CLOUD, quoted_hop_limit: int = 1
) -> IcmpReply:
    """An ICMP error about a probe."""
    type_, code = ICMP_NUMBERS[kind]
    return IcmpReply(
        kind=kind,
        type_=type_,
        code=code,
        sender=ip_address(sender),
        hop_limit=hop_limit,
        quoted_hop_limit=quoted_hop_limit,
    )


def acknowledged(hop_limit: int = FROM_CLOUD) -> Acknowledged:
    """Octets with a hop limit were taken in."""
    return Acknowledged(hop_limit=hop_limit)


# Paths.


def ladder(on: Flow, rungs: Sequence[str | Reply | None]) -> Ladder:
    """A ladder of these rungs from hop 1 on.

    rungs  an address: it sent Time Exceeded; None: silence; a reply: that reply, from its sender
           or in the name of the destination
    """
    return Ladder(flow=on, hops=tuple(_hop(on, *rung) for rung in enumerate(rungs, start=1)))


def _hop(on: Flow, distance: int, rung: str | Reply | None) -> Hop:
    reply = icmp(IcmpKind.TIME_EXCEEDED, rung) if isinstance(rung, str) else rung
    sender = reply.sender if isinstance(reply, IcmpReply) else on.destination
    return Hop(
        distance=distance,
        sender=None if reply is None else sender,
        reply=reply,
        rtt_s=None if reply is None else 0.01 * distance,
        tries=3 if reply is None else 1,
        packets=(1000 + distance,) if reply is None else (1000 + distance, 2000 + distance),
    )


def conversed(
    *octets: Ladder,
    again: Outcome | NotChecked = NOT_ASKED,
    small: Outcome | NotChecked = NOT_ASKED,
    other_name: Outcome | NotChecked = NOT_ASKED,
) -> StreamEvidence:
    """What was asked of a connection that failed after its handshake."""
    return StreamEvidence(again=again, small=small, other_name=other_name, octets=octets)


def control(relation: Relation, walked: Ladder, *, check: str = "") -> Control:
    """A control; the destination answered it if the last rung of its ladder bears its name."""
    last = walked.hops[-1].sender if walked.hops else None
    return Control(
        relation=relation,
        check=check,
        is_answered=last == walked.flow.destination,
        ladder=walked,
    )


# This host.


def route(
    gateway: str | None = GATEWAY, *, interface: str = "eth0", is_local: bool = False
) -> Route:
    """The way out through the default route."""
    return Route(
        interface=interface,
        gateway=None if gateway is None else ip_address(gateway),
        source=ip_address(EDGE),
        table=254,
        prefix="default",
        mtu=None,
        is_local=is_local,
    )


def neighbour(state: NeighbourState = NeighbourState.REACHABLE) -> Neighbour:
    """The neighbour entry of the gateway."""
    is_resolved = state not in (NeighbourState.FAILED, NeighbourState.INCOMPLETE)
    return Neighbour(
        interface="eth0",
        address=ip_address(GATEWAY),
        mac="02:00:00:00:00:01" if is_resolved else "",
        state=state,
    )


def link(
    *, is_up: bool = True, has_carrier: bool = True, xdp_program: int | None = None
) -> Link:
    """The uplink."""
    return Link(
        name="eth0",
        index=2,
        is_up=is_up,
        has_carrier=has_carrier,
        mtu=1500,
        kind="",
        mac="02:00:00:00:00:10",
        xdp_program=xdp_program,
    )


FLANNEL_LINK = Link(
    name="flannel.1",
    index=8,
    is_up=True,
    has_carrier=True,
    mtu=1450,
    kind="vxlan",
    mac="02:00:00:00:00:0a",
    xdp_program=None,
)
FLANNEL_DEVICE = VxlanDevice(
    interface="flannel.1",
    vni=1,
    port=8472,
    local=ip_address(EDGE),
    remote=None,
    underlay="eth0",
    is_learning=False,
    is_asking=False,
    is_external=False,
    has_checksum=True,
)


def host_state() -> HostState:
    """A host with one uplink, one address and nothing odd."""
    return HostState(
        links=(link(),),
        addresses=(
            InterfaceAddress(interface="lo", address=IPv4Address("127.0.0.1"), prefix_length=8),
            InterfaceAddress(interface="eth0", address=IPv4Address(EDGE), prefix_length=24),
        ),
        rules=(),
        neighbours=(neighbour(),),
        listeners=(),
        sysctls=(),
        legacy_tables=(),
        tc_filters=(),
        vxlans=(),
        forwarding=(),
        overlay_routes=(),
        xfrm_policies=(),
        xfrm_states=(),
        xfrm_counts=(),
        cgroup_programs=(),
        xdp_programs=(),
        tcx_programs=(),
        netfilter_programs=(),
        tunnel_traffic=NOT_LISTENED,
        before_exemption=NOT_FOLLOWED,
        before_marking=NOT_FOLLOWED,
        to_pods=NOT_FOLLOWED,
        wireguard=(),
        gateway_ends=(),
        raven_sets=(),
        gateway_pools=(),
    )


# What this node's own daemon says and hears.


def transaction(
    exchange: IkeExchange,
    *,
    requests: int = 1,
    request_octets: int = 240,
    response_octets: int = 0,
    is_accepted: bool = False,
    notifies: tuple[int, ...] = (),
    proposals: tuple[Proposal, ...] = (),
    first_s: float = 1.0,
) -> IkeTransaction:
    """A request of this node's own daemon and its answer, if that has any octets."""
    return IkeTransaction(
        exchange=exchange,
        initiator_spi="0102030405060708",
        message_id=0 if exchange is IkeExchange.SA_INIT else 1,
        is_own=True,
        requests=requests,
        responses=1 if response_octets else 0,
        first_s=first_s,
        last_s=first_s + 0.5 * (requests - 1),
        request_octets=request_octets,
        response_octets=response_octets,
        is_accepted=is_accepted,
        is_fragmented=False,
        notifies=notifies,
        proposals=proposals,
    )


def stream(
    packets: int, *, is_sent: bool, first_s: float = 0.5, last_s: float = 4.5
) -> EspStream:
    """ESP in one direction."""
    return EspStream(
        is_sent=is_sent,
        spi="c0000001" if is_sent else "c0000002",
        packets=packets,
        octets=120 * packets,
        first_s=first_s,
        last_s=last_s,
    )


def listened(
    *parts: IkeTransaction | EspStream | PassingCount,
    peer: str = HOST,
    lost: int = 0,
    is_whole: bool = True,
    taken: tuple[EspTaken, ...] | NotChecked = (),
) -> HostState:
    """A host that listened for five seconds to its daemon and one gateway."""
    gateway = TunnelPeer(
        address=ip_address(peer),
        port=4500,
        own_port=4500,
        transactions=tuple(part for part in parts if isinstance(part, IkeTransaction)),
        streams=tuple(part for part in parts if isinstance(part, EspStream)),
        counts=tuple(part for part in parts if isinstance(part, PassingCount)),
        is_whole=is_whole,
    )
    peers = (gateway,) if parts else ()
    traffic = TunnelTraffic(listened_s=5.0, lost=lost, peers=peers, taken=taken)
    return replace(host_state(), tunnel_traffic=traffic)


# IPsec in the kernel.

POD_NETWORKS = ((ip_address("203.0.113.0"), 25), (ip_address("203.0.113.128"), 25))
"""Of this node's pods, and of those behind the gateway."""

ASSOCIATION = XfrmState(
    source=ip_address(HOST),
    destination=ip_address(EDGE),
    spi=1,
    protocol="esp",
    mode="tunnel",
    request=16389,
    is_in_udp=True,
    ports=(4500, 4500),
    octets=0,
)


def tunnel_policy(direction: str = "out", *, gateway: str = HOST) -> XfrmPolicy:
    """An IKE daemon's policy, for what goes into its tunnel or comes out of it."""
    ends = (ip_address(EDGE), ip_address(gateway))
    networks = POD_NETWORKS
    if direction != "out":
        ends, networks = ends[::-1], networks[::-1]
    return XfrmPolicy(
        direction=direction,
        action="allow",
        priority=0,
        index=1,
        selector=XfrmSelector(
            source=networks[0],
            destination=networks[1],
            source_port=(0, 0),
            destination_port=(0, 0),
            ip_protocol=0,
            is_narrower=False,
        ),
        templates=(
            XfrmTemplate(
                source=ends[0],
                destination=ends[1],
                protocol="esp",
                mode="tunnel",
                request=16389,
            ),
        ),
    )


# Checks and their evidence.


def target(
    check: str = "raven-tunnel-4500",
    *,
    kinds: tuple[ProbeKind, ...] = (ProbeKind.IKE_SA_INIT,),
    host: str = HOST,
    address: str | None = HOST,
    port: int | None = None,
    endpoint: str | None = None,
    direction: Direction = Direction.OUTBOUND,
) -> Target:
    """A required check; its endpoint is the id without the port."""
    return Target(
        check=check,
        endpoint=check.rpartition("-")[0] or check if endpoint is None else endpoint,
        purpose=f"what {check} is for",
        direction=direction,
        is_required=True,
        protocol=PROTOCOLS[kinds[0]] if kinds else Protocol.TCP,
        host=host,
        address=None if address is None else ip_address(address),
        port=port if port is not None else PORTS.get(kinds[0], 0) if kinds else 0,
        kinds=kinds,
    )


def addresses(*texts: str) -> tuple[Address, ...]:
    """Addresses from their texts, in the order given."""
    return tuple(ip_address(text) for text in texts)


def surroundings(
    *,
    answering: Iterable[str] = (),
    silent: Iterable[str] = (),
    gateways: Iterable[str] = (),
    sources: Iterable[str] = (),
    is_lossy: bool = False,
    clocks: Iterable[ClockOffset] = (),
) -> Surroundings:
    """What the rest of the run shows."""
    return Surroundings(
        answering=addresses(*answering),
        silent=addresses(*silent),
        gateways=addresses(*gateways),
        sources=addresses(*sources),
        is_lossy=is_lossy,
        clocks=tuple(clocks),
    )


def passed(*chains: str, until: str = "sent") -> TracePassed:
    """nf_tables let it pass until "output", "sent", "received" or "delivered"."""
    stages = ("output", "sent", "received", "delivered")
    reached = stages.index(until)
    return TracePassed(
        chains=chains, is_sent=reached >= 1, is_received=reached >= 2, is_delivered=reached >= 3
    )


def flow_evidence(
    *attempts: Outcome,
    of: Target | None = None,
    contrast: Outcome | NotChecked = NOT_ASKED,
    confirmation: Outcome | NotChecked = NOT_ASKED,
    walked: Ladder | NotChecked = NOT_ASKED,
    controls: tuple[Control, ...] = (),
    kin: tuple[Kin, ...] = (),
    way: RouteAnswer | None = None,
    next_hop: Neighbour | NotChecked | None = None,
    uplink: Link | NotChecked | None = None,
    trace: TraceResult = NOT_ASKED,
    drops: tuple[DropCount, ...] = (),
    override: Override | None = None,
    name_server: NameServer | NotChecked = NO_NAME_SERVER,
    named_by: tuple[str, ...] = (),
    around: Surroundings | None = None,
    stream: StreamEvidence | NotChecked = NOT_ASKED,
    handshake: HandshakeEvidence | NotChecked = NOT_ASKED,
    variations: tuple[Variation, ...] | NotChecked = NOT_ASKED,
    trains: tuple[Train, ...] | NotChecked = NOT_ASKED,
    certificate: Presented | NotChecked = NO_CERTIFICATE,
    alternatives: tuple[Alternative, ...] | NotChecked = NO_OTHER_WAY,
    link_answers: tuple[str, ...] | NotChecked = NOT_SOLICITED,
    explained: Explained | NotChecked = NOT_EXPLAINED,
    program_verdicts: tuple[ProgramVerdict, ...] | NotChecked = NOT_RUN,
    kernel_drops: KernelDrops | NotChecked = NOT_ASKED,
    tried_fix: TriedFix | NotChecked = NO_FIX,
    resolution: Explained | NotChecked = NOT_RESOLVED,
) -> FlowEvidence:
    """The evidence of one check; by default its attempts alone, on a host that is in order."""
    first = attempts[0].probe
    return FlowEvidence(
        target=target(first.check) if of is None else of,
        flow=first.flow,
        attempts=attempts,
        contrast=contrast,
        confirmation=confirmation,
        ladder=walked,
        controls=controls,
        kin=kin,
        route=route() if way is None else way,
        neighbour=neighbour() if next_hop is None else next_hop,
        link=link() if uplink is None else uplink,
        trace=trace,
        drops=drops,
        override=override,
        surroundings=surroundings() if around is None else around,
        stream=stream,
        handshake=handshake,
        name_server=name_server,
        named_by=named_by,
        variations=variations,
        trains=trains,
        certificate=certificate,
        alternatives=alternatives,
        link_answers=link_answers,
        explained=explained,
        program_verdicts=program_verdicts,
        kernel_drops=kernel_drops,
        tried_fix=tried_fix,
        resolution=resolution,
    )


def listener_evidence(
    of: Target,
    *listeners: Listener,
    explained: Explained | NotChecked = NOT_EXPLAINED,
    tried_fix: TriedFix | NotChecked = NO_FIX,
) -> ListenerEvidence:
    """The evidence of an inbound check; by default the sockets alone."""
    return ListenerEvidence(
        target=of, listeners=listeners, explained=explained, tried_fix=tried_fix
    )


# Certificates; all moments are seconds since the epoch.

SEEN_S = 1_000_000.0
YEAR_S = 31_536_000.0


def registry_says(status: int, token_host: str = "", *token_hosts: str) -> RegistryAnswer:
    """What a registry answered to GET /v2/, beside who gives tokens by the matrix."""
    port = 443 if token_host else NO_REALM
    return RegistryAnswer(
        status=status,
        token_host=token_host,
        token_hosts=token_hosts,
        token_port=port,
        challenge=NO_CHALLENGE,
        pulled=NOT_PULLED,
    )


def presented(
    *names: str,
    chain: Chain = Chain.TRUSTED,
    since_s: float = SEEN_S - YEAR_S,
    until_s: float = SEEN_S + YEAR_S,
    alike: Iterable[str] = (),
    vouching: Iterable[str] = (),
    issuer: str = "CN=an authority",
    registry: RegistryAnswer | NotChecked = NotChecked(reason="nothing was asked above TLS"),
    pulled: tuple[PullStep, ...] | NotChecked = NOT_PULLED,
    http2: Http2 | NotChecked = NotChecked(reason="HTTP/2 was not offered"),
) -> Presented:
    """A certificate as shown at SEEN_S, in order unless a story says otherwise."""
    return Presented(
        certificate=Certificate(
            subject="CN=a server",
            issuer=issuer,
            names=names,
            not_before_s=since_s,
            not_after_s=until_s,
        ),
        chain=chain,
        reason="" if chain is Chain.TRUSTED else "unable to get local issuer certificate",
        seen_s=SEEN_S,
        alike=addresses(*alike),
        vouching=addresses(*vouching),
        registry=registry,
        pulled=pulled,
        http2=http2,
    )
