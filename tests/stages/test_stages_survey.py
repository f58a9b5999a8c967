"""The first stage: what is asked, on which flows, and when."""

import struct
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest

from edgediag.discovery.probe_url import targets_of
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import NO_LOOKUP, HostsEntry, NameLookup, ResolverLine
from edgediag.model.endpoint import Direction, Matrix, ProbeKind, Target
from edgediag.model.exchange import (
    Action,
    CloseStream,
    Delivered,
    Event,
    OpenStream,
    SendDatagram,
    SendPacket,
    StreamOpened,
    StreamReceived,
)
from edgediag.model.flow import Flow
from edgediag.model.host import HostState
from edgediag.model.route import Route, RouteAnswer, RouteRefused
from edgediag.stages.asked import is_own
from edgediag.stages.assignment import RESOLVER, Assignment
from edgediag.stages.survey import SILENCE_S, Surveyed, survey, survey_also
from rig import NO_ANCHORS, RigHost, RigWire, assigned, rig, silence
from story import (
    EDGE,
    HOST,
    NEIGHBOUR_HOST,
    RESOLVER_HOST,
    addresses,
    host_state,
    route,
    target,
)

TCP_KINDS = (ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO)
TUNNEL = target()
REGISTRY = target("registry-443", kinds=TCP_KINDS, host="registry.example", address=None)
OSS = target("oss-443", kinds=TCP_KINDS, host="oss.example", address=None)
KUBELET = target("kubelet-10250", kinds=(), port=10250, address=None, direction=Direction.INBOUND)
TOKENS = replace(
    REGISTRY, check="registry-token-443", endpoint="registry-token", host="tokens.example"
)
OTHER_RESOLVER = "198.51.100.54"


def resolver(address: str = RESOLVER_HOST) -> Target:
    kinds = (ProbeKind.DNS,)
    return target("resolver-53", kinds=kinds, host=address, address=address, endpoint=RESOLVER)


def serving(*names: tuple[str, tuple[str, ...]], by: str = RESOLVER_HOST) -> RigWire:
    """A wire with one resolver that knows these names; whatever else is asked stays silent."""
    known = {_encoded(name): found for name, found in names}

    def answer(action: Action, at_s: float) -> Iterable[Event]:
        if not isinstance(action, SendDatagram) or str(action.flow.destination) != by:
            return ()
        question = action.payload[12:]
        type_ = int.from_bytes(question[-4:-2], "big")
        found = [
            ip_address(each).packed
            for each in known.get(question[:-4], ())
            if ip_address(each).version == (6 if type_ == 28 else 4)
        ]
        header = action.payload[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
        # A pointer to the question, its type, class IN, a minute (RFC 1035 §4.1.3).
        octets = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", type_, 1, 60, len(packed)) + packed
            for packed in found
        )
        reply = header + question + octets
        flow = action.flow.reversed()
        return (Delivered(probe=action.probe, flow=flow, payload=reply, at_s=at_s),)

    return RigWire(answer)


def _encoded(name: str) -> bytes:
    labels = name.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def assignment_of(
    *targets: Target,
    hosts_entries: tuple[HostsEntry, ...] = (),
    lookup: NameLookup | NotChecked = NO_LOOKUP,
    upstreams: tuple[ResolverLine, ...] = (),
) -> Assignment:
    return Assignment(
        matrix=Matrix(targets=targets, omitted=(), not_applicable=()),
        hosts_entries=hosts_entries,
        resolver_lines=(),
        timeout_s=2.0,
        anchors=NO_ANCHORS,
        lookup=lookup,
        upstreams=upstreams,
    )


def surveyed(
    wire: RigWire,
    *targets: Target,
    host: RigHost | None = None,
    hosts_entries: tuple[HostsEntry, ...] = (),
    lookup: NameLookup | NotChecked = NO_LOOKUP,
    upstreams: tuple[ResolverLine, ...] = (),
) -> Surveyed:
    assignment = assignment_of(
        *targets, hosts_entries=hosts_entries, lookup=lookup, upstreams=upstreams
    )
    return survey(rig(wire, host), assignment)


def asked(wire: RigWire) -> list[tuple[str, int, float]]:
    """The destination and port of everything sent first to each, and when, in milliseconds."""
    first: dict[tuple[str, int], float] = {}
    for at_s, action in wire.sent:
        assert not isinstance(action, CloseStream)
        flow = action.packet.flow if isinstance(action, SendPacket) else action.flow
        first.setdefault((str(flow.destination), flow.destination_port), at_s)
    return [(host, port, round(1000 * at_s)) for (host, port), at_s in first.items()]


def test_addresses_are_asked_with_the_names_and_names_as_soon_as_they_are_known() -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)))
    surveyed(wire, TUNNEL, REGISTRY, resolver())
    assert asked(wire) == [(RESOLVER_HOST, 53, 0), (HOST, 4500, 0), (NEIGHBOUR_HOST, 443, 1)]


@pytest.mark.parametrize(
    ("known", "added"),
    [
        pytest.param((HOST,), ip_address(HOST), id="its name is resolved and its port asked"),
        pytest.param((), None, id="its name has no address, and it stays a row"),
    ],
)
def test_what_is_asked_also_stands_behind_the_rest_and_asks_nothing_of_it_again(
    known: tuple[str, ...], added: IPv4Address | None
) -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)), ("tokens.example", known))
    bench, assignment = rig(wire), assignment_of(REGISTRY, resolver())
    first = survey(bench, assignment)
    sent = len(wire.sent)
    last = survey_also(bench, assignment, first, [TOKENS])
    assert last.targets == (*first.targets, replace(TOKENS, address=added))
    assert {name: last.checks[name] for name in first.checks} == first.checks
    assert [query.name for query in last.queries] == ["registry.example", "tokens.example"]
    flows = [action.flow for _, action in wire.sent[sent:] if isinstance(action, SendDatagram)]
    assert [flow.destination for flow in flows] == [ip_address(RESOLVER_HOST)]
    assert bool(last.checks["registry-token-443"]) == bool(known)


class AnotherMatrix:
    """Somebody who says after some time what else is to be diagnosed.

    is_at_last  he speaks only when the survey is at its end and he is waited for
    """

    def __init__(
        self, wire: RigWire, at_s: float, *targets: Target, is_at_last: bool = False
    ) -> None:
        self._wire = wire
        self._at_s = at_s
        self._is_at_last = is_at_last
        self._is_taken = False
        self._assignment = assigned(*targets)

    def has_come(self) -> bool:
        is_time = self._wire.passed_s() >= self._at_s
        return is_time and not self._is_taken and not self._is_at_last

    def comes_at_last(self) -> bool:
        return self._is_at_last and not self._is_taken

    def taken(self) -> Assignment:
        self._is_taken = True
        return self._assignment


@pytest.mark.parametrize(
    ("at_s", "is_at_last", "asked_ms"),
    [
        pytest.param(0.0, False, 0, id="before anything was waited for"),
        pytest.param(0.5, False, 500, id="while a dark check is waited for"),
        pytest.param(0.0, True, 2000, id="by somebody who is heard out at the end"),
        pytest.param(9.0, False, None, id="not, when it comes after the end"),
    ],
)
def test_what_comes_to_be_known_meanwhile_is_asked_at_once_and_nothing_twice(
    at_s: float, is_at_last: bool, asked_ms: int | None
) -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)))
    later = AnotherMatrix(wire, at_s, REGISTRY, resolver(), is_at_last=is_at_last)
    found = survey(rig(wire), replace(assigned(TUNNEL, resolver()), later=later))
    new = [at_ms for host, port, at_ms in asked(wire) if (host, port) == (NEIGHBOUR_HOST, 443)]
    # The loop looks up ten times a second where nothing comes in.
    assert new == ([] if asked_ms is None else [pytest.approx(asked_ms, abs=110)])
    assert (REGISTRY.check in found.checks) is (asked_ms is not None)
    queries = [action for _, action in wire.sent if getattr(action, "payload", b"")[4:6] == b"\0\1"]
    assert len(queries) == len(set(map(str, queries)))


@pytest.mark.parametrize(
    ("row", "is_traced", "waits_s"),
    [
        pytest.param(OSS, False, 2.0, id="what is diagnosed is waited for"),
        pytest.param(OSS, True, SILENCE_S, id="a path that is asked for is walked after its tries"),
        pytest.param(TUNNEL, True, 2.0, id="not on the flow of a socket, which the errors reach"),
    ],
)
def test_how_long_silence_is_waited_for(row: Target, is_traced: bool, waits_s: float) -> None:
    wire = RigWire(silence)
    known = replace(row, host=HOST, address=ip_address(HOST))
    survey(rig(wire), replace(assigned(known), is_traced=is_traced))
    assert wire.passed_s() == pytest.approx(waits_s, abs=0.11)


def test_a_silent_resolver_beside_a_working_one_delays_nothing() -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)))
    surveyed(wire, REGISTRY, resolver(OTHER_RESOLVER), resolver())
    assert (NEIGHBOUR_HOST, 443, 1) in asked(wire)


def test_without_an_answer_a_name_is_given_up_with_the_timeout() -> None:
    wire = RigWire(silence)
    found = surveyed(wire, REGISTRY, resolver())
    assert found.targets == (REGISTRY, resolver())
    assert found.checks["registry-443"] == ()
    assert wire.passed_s() == pytest.approx(2.0, abs=0.01)


def test_a_name_that_no_resolver_knows_is_not_waited_for() -> None:
    wire = serving()
    surveyed(wire, REGISTRY)
    assert wire.sent == []
    wire = serving()
    surveyed(wire, REGISTRY, resolver())
    assert {host for host, _, _ in asked(wire)} == {RESOLVER_HOST}
    assert wire.passed_s() < 0.01


def test_the_hosts_file_outweighs_the_resolvers() -> None:
    wire = serving(("registry.example", (HOST,)))
    entry = HostsEntry(
        name="registry.example", address=IPv4Address(NEIGHBOUR_HOST), path="/etc/hosts", line=3
    )
    found = surveyed(wire, REGISTRY, resolver(), hosts_entries=(entry,))
    assert [query.name for query in found.queries] == ["registry.example"]
    assert {target.address for target in found.targets[:1]} == set(addresses(NEIGHBOUR_HOST))
    assert (NEIGHBOUR_HOST, 443, 0) in asked(wire)


def test_each_address_of_a_name_is_a_check() -> None:
    wire = serving(("registry.example", (HOST, NEIGHBOUR_HOST)))
    found = surveyed(wire, REGISTRY, resolver())
    assert [target.address for target in found.targets[:2]] == list(addresses(HOST, NEIGHBOUR_HOST))
    assert all(len(found.checks[target.check]) == 2 for target in found.targets[:2])


def test_two_names_on_one_address_are_each_asked_by_their_name() -> None:
    wire = serving(("registry.example", (HOST,)), ("oss.example", (HOST,)))
    found = surveyed(wire, REGISTRY, OSS, resolver())
    streams = [found.checks[check][1] for check in ("registry-443", "oss-443")]
    assert [(stream.check, stream.name) for stream in streams] == [
        ("registry-443", "registry.example"),
        ("oss-443", "oss.example"),
    ]
    payloads = [action.payload for _, action in wire.sent if isinstance(action, OpenStream)]
    assert [b"registry.example" in payload for payload in payloads] == [True, False]


def test_one_question_of_two_rows_is_asked_once() -> None:
    again = replace(TUNNEL, check="another-row-4500", endpoint="another-row")
    found = surveyed(RigWire(), TUNNEL, again)
    assert found.checks[TUNNEL.check] == found.checks[again.check] != ()


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(RESOLVER_HOST, id="by its address"),
        pytest.param("ns.example", id="by a name with two addresses"),
    ],
)
def test_two_questions_to_one_name_server_are_two_checks(host: str) -> None:
    asked_for = ("oss.example", "registry.example")
    rows = targets_of(f"dns://{host}/{name}" for name in asked_for)
    wire = serving(("ns.example", (HOST, NEIGHBOUR_HOST)))
    found = surveyed(wire, *rows, resolver())
    own = [row for row in found.targets if row.endpoint == "dns"]
    assert len({row.check for row in own}) == len(own) > 1
    assert [found.checks[row.check][0].name for row in own] == [row.query for row in own]
    assert {row.query for row in own} == set(asked_for)


def test_what_needs_no_packet_is_sent_none() -> None:
    wire = RigWire()
    found = surveyed(wire, KUBELET)
    assert (wire.sent, found.targets, found.checks["kubelet-10250"]) == ([], (KUBELET,), ())


def test_the_kernel_is_asked_once_for_each_way() -> None:
    host = RigHost()
    surveyed(serving(), resolver(), TUNNEL, host=host)
    assert len(host.asked) == len(set(host.asked)) == 2


# Where it is sent from, and what is not sent.


def without_addresses() -> HostState:
    return replace(host_state(), addresses=NotChecked(reason="no netlink"))


@pytest.mark.parametrize(
    ("way", "state", "source"),
    [
        pytest.param(
            replace(route(), source=ip_address("192.0.2.77")),
            host_state(),
            "192.0.2.77",
            id="from where the kernel would",
        ),
        pytest.param(
            RouteRefused(errno_name="ENETUNREACH", culprit=None),
            host_state(),
            EDGE,
            id="without a way, from an address of ours, to see how it is refused",
        ),
        pytest.param(
            RouteRefused(
                errno_name="ENETUNREACH", culprit=None, source=ip_address("192.0.2.77")
            ),
            host_state(),
            "192.0.2.77",
            id="from what the kernel chose before it refused it",
        ),
        pytest.param(
            NotChecked(reason="no netlink"), without_addresses(), "0.0.0.0", id="else from anywhere"
        ),
    ],
)
def test_where_a_check_is_sent_from(way: RouteAnswer, state: HostState, source: str) -> None:
    found = surveyed(RigWire(), TUNNEL, host=RigHost(state=state, way=lambda flow: way))
    (probe,) = found.checks[TUNNEL.check]
    assert str(probe.flow.source) == source
    assert found.routes == {TUNNEL.check: way}


@pytest.mark.parametrize(
    ("row", "count"),
    [
        pytest.param(TUNNEL, 0, id="IKE is not: its daemon would abort"),
        pytest.param(target("ntp-123", kinds=(ProbeKind.NTP,)), 1, id="another service is"),
    ],
)
def test_whether_this_very_host_is_asked(row: Target, count: int) -> None:
    own = route(None, interface="lo", is_local=True)
    found = surveyed(RigWire(), row, host=RigHost(way=lambda flow: own))
    assert len(found.checks[row.check]) == count
    assert is_own(found.routes[row.check])


OWN6, HOST6 = "2001:db8::10", "2001:db8:1::21"


def dual(source: str) -> RigHost:
    """A host with a route of each IP version, and from where it sends in IPv6."""

    def way(on: Flow) -> Route:
        if on.destination.version == 4:
            return route()
        return replace(route("fe80::1"), source=ip_address(source))

    return RigHost(way=way)


def test_an_address_of_ipv6_is_asked_from_where_the_kernel_would() -> None:
    row = replace(TUNNEL, host=HOST6, address=ip_address(HOST6))
    (probe,) = surveyed(RigWire(), row, host=dual(OWN6)).checks[TUNNEL.check]
    assert (str(probe.flow.source), str(probe.flow.destination)) == (OWN6, HOST6)


@pytest.mark.parametrize(
    ("host", "kinds"),
    [
        pytest.param(dual(OWN6), [ProbeKind.DNS, ProbeKind.DNS_AAAA], id="both: it has both"),
        pytest.param(dual("fe80::10"), [ProbeKind.DNS], id="not by one with link-local addresses"),
        pytest.param(dual("fd00::10"), [ProbeKind.DNS], id="not by one with a site's addresses"),
        pytest.param(
            RigHost(
                way=lambda on: route()
                if on.destination.version == 4
                else RouteRefused(errno_name="ENETUNREACH", culprit=None)
            ),
            [ProbeKind.DNS],
            id="not by one without a route",
        ),
    ],
)
def test_for_which_addresses_a_resolver_is_asked(host: RigHost, kinds: list[ProbeKind]) -> None:
    wire = serving(("registry.example", (HOST,)))
    found = surveyed(wire, REGISTRY, resolver(), host=host)
    assert [query.kind for query in found.queries] == kinds


def test_a_name_has_a_check_for_each_address_of_both_ip_versions() -> None:
    wire = serving(("registry.example", (HOST, HOST6)))
    found = surveyed(wire, REGISTRY, resolver(), host=dual(OWN6))
    assert [target.address for target in found.targets[:2]] == list(addresses(HOST, HOST6))
    assert all(len(found.checks[target.check]) == 2 for target in found.targets[:2])


def test_a_name_without_an_address_of_ipv6_is_not_waited_for() -> None:
    wire = serving(("registry.example", (HOST,)))
    surveyed(wire, REGISTRY, resolver(OTHER_RESOLVER), resolver(), host=dual(OWN6))
    assert (HOST, 443, 1) in asked(wire)


def test_only_a_route_to_this_host_is_our_own() -> None:
    ways: list[Route | RouteRefused | None] = [
        route(),
        RouteRefused(errno_name="EACCES", culprit=None),
        None,
    ]
    assert not any(map(is_own, ways))


def cutting_short(name: str, address: str, *, serves_tcp: bool) -> RigWire:
    """A wire whose resolver has no room in datagrams, and answers over TCP or not."""

    def answer(action: Action, at_s: float) -> Iterable[Event]:
        flow = action.flow if isinstance(action, SendDatagram | OpenStream) else None
        if flow is None or str(flow.destination) != RESOLVER_HOST:
            return ()
        if isinstance(action, SendDatagram):
            # QR, TC, RD and RA, and the question (RFC 1035 §4.1.1).
            header = action.payload[:2] + struct.pack("!HHHHH", 0x8380, 1, 0, 0, 0)
            payload = header + action.payload[12:]
            return (
                Delivered(probe=action.probe, flow=flow.reversed(), payload=payload, at_s=at_s),
            )
        if not isinstance(action, OpenStream) or not serves_tcp:
            return ()
        query = action.payload[2:]
        header = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + ip_address(address).packed
        message = header + query[12:] + record
        return (
            StreamOpened(probe=action.probe, at_s=at_s),
            StreamReceived(
                probe=action.probe, payload=len(message).to_bytes(2, "big") + message, at_s=at_s
            ),
        )

    return RigWire(answer)


def test_what_a_datagram_had_no_room_for_is_asked_over_tcp_at_once() -> None:
    wire = cutting_short("registry.example", NEIGHBOUR_HOST, serves_tcp=True)
    found = surveyed(wire, REGISTRY, resolver())
    assert (NEIGHBOUR_HOST, 443, 2) in asked(wire)
    assert [query.kind for query in found.queries] == [ProbeKind.DNS, ProbeKind.DNS_TCP]
    assert [target.check for target in found.targets][-1] == "resolver-tcp-53"
    kinds = [probe.kind for probe in found.checks["resolver-tcp-53"]]
    assert kinds == [ProbeKind.TCP_SYN, ProbeKind.DNS_TCP]


def test_a_resolver_that_is_silent_over_tcp_keeps_the_name() -> None:
    wire = cutting_short("registry.example", NEIGHBOUR_HOST, serves_tcp=False)
    found = surveyed(wire, REGISTRY, resolver())
    assert found.targets[0] == REGISTRY
    assert [target.check for target in found.targets][-1] == "resolver-tcp-53"


def test_a_name_server_is_checked_over_tcp_while_others_are_silent() -> None:
    wire = cutting_short("registry.example", NEIGHBOUR_HOST, serves_tcp=True)
    surveyed(wire, REGISTRY, resolver())
    # Nobody else answers on this wire, and the SYN to the server over TCP is not answered either.
    first = [at_s for at_s, action in wire.sent if isinstance(action, SendPacket)]
    assert max(first) < wire.passed_s() < 2.1


def test_a_resolver_whose_answers_come_whole_is_never_asked_over_tcp() -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)))
    found = surveyed(wire, REGISTRY, resolver())
    assert [target.check for target in found.targets] == ["registry-443", "resolver-53"]
    assert all(query.kind is ProbeKind.DNS for query in found.queries)


OVERRIDE = HostsEntry(name="registry.example", address=IPv4Address(HOST), path="/etc/hosts", line=3)


@pytest.mark.parametrize(
    ("sources", "address"),
    [
        pytest.param(("files", "dns"), HOST, id="the hosts file first"),
        pytest.param(("dns", "files"), NEIGHBOUR_HOST, id="the hosts file last"),
        pytest.param(("dns",), NEIGHBOUR_HOST, id="no hosts file"),
        pytest.param(("files",), HOST, id="no name server"),
    ],
)
def test_a_name_is_looked_up_as_nsswitch_has_it(sources: tuple[str, ...], address: str) -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)))
    found = surveyed(
        wire, REGISTRY, resolver(), hosts_entries=(OVERRIDE,), lookup=looked_up(*sources)
    )
    assert found.targets[0].address == ip_address(address)
    assert {host for host, port, _ in asked(wire) if port == 443} == {address}


def test_where_no_name_server_is_asked_a_name_has_no_address_whatever_one_says() -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)))
    found = surveyed(wire, REGISTRY, resolver(), lookup=looked_up("files"))
    assert found.targets[0] == REGISTRY


def looked_up(*sources: str) -> NameLookup:
    text = f"hosts: {' '.join(sources)}"
    return NameLookup(sources=sources, path="/etc/nsswitch.conf", line=1, text=text)


def test_the_servers_behind_a_stub_are_asked_once_it_has_failed() -> None:
    wire = serving(("registry.example", (NEIGHBOUR_HOST,)))
    line = ResolverLine(address=IPv4Address(RESOLVER_HOST), path="/run/x", line=1, text="")
    found = surveyed(wire, REGISTRY, resolver("127.0.0.53"), upstreams=(line,))
    assert [target.check for target in found.targets][-1] == "resolver-upstream-53"
    # What the stub did not give no program of this host has.
    assert found.targets[0] == REGISTRY
