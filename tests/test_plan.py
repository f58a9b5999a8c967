"""The plan: everything drawn once, in a stated order."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.errors import CannotRunError
from edgediag.model.endpoint import ProbeKind
from edgediag.model.flow import Protocol
from edgediag.model.probe import Probe, Purpose, Way
from edgediag.plan import (
    RESOLVER_TEST_NAME,
    Conditions,
    Supply,
    check_schedule,
    draw_contrast,
    draw_repeats,
    plan_checks,
    plan_queries,
    ports_needed,
)
from story import EDGE, HOST, addresses, flow, probe, target

SOURCES = {ip_address(HOST): ip_address(EDGE)}
CONDITIONS = Conditions(sources=SOURCES, timeout_s=2.0)
API = target(
    "api-server-6443",
    kinds=(ProbeKind.TCP_SYN, ProbeKind.TLS_CLIENT_HELLO),
    host="api.example",
    port=6443,
)
TUNNEL = target()


def supply(first_ip_id: int = 0) -> Supply:
    tokens = iter(range(1, 100_000))
    return Supply(tokens=tokens, ports=iter(range(40000, 50000)), first_ip_id=first_ip_id)


def plan(*targets: object) -> tuple[Probe, ...]:
    return plan_checks(targets, CONDITIONS, supply())  # type: ignore[arg-type]  # targets


def test_tcp_is_asked_as_a_packet_and_as_a_stream_each_on_a_port_of_its_own() -> None:
    packet, stream = plan(API)
    assert (packet.kind, packet.way) == (ProbeKind.TCP_SYN, Way.IP_STACK)
    assert (stream.kind, stream.way) == (ProbeKind.TLS_CLIENT_HELLO, Way.SOCKET)
    assert (packet.flow.source_port, stream.flow.source_port) == (40000, 40001)
    assert {packet.flow.destination_port, stream.flow.destination_port} == {6443}


def test_the_kernel_repeats_a_stream_itself_and_we_repeat_the_packet() -> None:
    packet, stream = plan(API)
    assert (len(packet.schedule.offsets_s), len(stream.schedule.offsets_s)) == (3, 1)


def test_udp_is_asked_as_an_application_asks() -> None:
    (asked,) = plan(TUNNEL)
    assert (asked.kind, asked.way, asked.purpose) == (
        ProbeKind.IKE_SA_INIT,
        Way.SOCKET,
        Purpose.CHECK,
    )


def test_an_echo_has_its_identifier_on_both_sides() -> None:
    (asked,) = plan(target("ping", kinds=(ProbeKind.ICMP_ECHO,)))
    assert asked.flow.protocol is Protocol.ICMP
    assert asked.flow.source_port == asked.flow.destination_port == 40000


@pytest.mark.parametrize(
    "unsendable",
    [
        pytest.param(replace(TUNNEL, address=None), id="no address yet"),
        pytest.param(replace(TUNNEL, address=addresses("198.51.100.99")[0]), id="no source for it"),
    ],
)
def test_what_cannot_be_sent_is_not_planned(unsendable: object) -> None:
    assert plan(unsendable) == ()


def test_names_are_asked_of_every_resolver_by_name_first() -> None:
    resolvers = [
        target("resolver-53", kinds=(ProbeKind.DNS,), address=address)
        for address in (HOST, "198.51.100.54")
    ]
    sources = {**SOURCES, ip_address("198.51.100.54"): ip_address(EDGE)}
    conditions = Conditions(sources=sources, timeout_s=2.0)
    names = [("a.example", ProbeKind.DNS), ("b.example", ProbeKind.DNS_AAAA)]
    asked = plan_queries(names, resolvers, conditions, supply())
    assert [query.kind for query in asked] == [kind for _, kind in names for _ in resolvers]
    assert [(query.name, str(query.flow.destination)) for query in asked] == [
        ("a.example", HOST),
        ("a.example", "198.51.100.54"),
        ("b.example", HOST),
        ("b.example", "198.51.100.54"),
    ]
    assert {query.purpose for query in asked} == {Purpose.RESOLVE}


def test_a_resolvers_own_check_asks_for_a_name_that_exists() -> None:
    (asked,) = plan(target("resolver-53", kinds=(ProbeKind.DNS,)))
    assert asked.name == RESOLVER_TEST_NAME


def test_no_two_probes_share_an_id_an_ip_id_or_a_token() -> None:
    probes = plan(*(replace(API, check=f"api-{n}") for n in range(50)))
    for marks in (
        {probe.id for probe in probes},
        {probe.ip_id for probe in probes},
        {probe.token for probe in probes},
        {probe.flow.source_port for probe in probes},
    ):
        assert len(marks) == 100


@pytest.mark.parametrize("first_ip_id", [0, 65533, 65534, 65535])
def test_an_ip_id_is_never_zero(first_ip_id: int) -> None:
    drawing = supply(first_ip_id)
    assert all(1 <= drawing.draw()[1] <= 65535 for _ in range(10))


@pytest.mark.parametrize(
    ("timeout_s", "offsets_s"),
    [
        pytest.param(2.0, (0.0, 0.4, 1.0), id="the usual two seconds"),
        pytest.param(10.0, (0.0, 0.4, 1.0), id="a long wait tries no later"),
        pytest.param(1.0, (0.0, 0.2, 0.5), id="a short one tries sooner"),
    ],
)
def test_tries_keep_ahead_of_the_timeout(timeout_s: float, offsets_s: tuple[float, ...]) -> None:
    schedule = check_schedule(timeout_s)
    assert schedule.offsets_s == pytest.approx(offsets_s)
    assert schedule.timeout_s == timeout_s


def test_contrast_and_repeat_ask_the_same_on_the_same_flow() -> None:
    asked = probe(on=flow())
    contrast, (repeat, *more) = draw_contrast(asked, supply()), draw_repeats(asked, 3, supply())
    assert (contrast.flow, contrast.kind, contrast.way) == (asked.flow, asked.kind, Way.LINK)
    assert (repeat.flow, repeat.kind, repeat.way) == (asked.flow, asked.kind, asked.way)
    assert asked.token not in (contrast.token, repeat.token)
    starts_s = [start_s for one in (repeat, *more) for start_s in one.schedule.offsets_s]
    assert starts_s == pytest.approx([0.0, 0.02, 0.04])


def test_where_no_port_is_left_the_run_says_so() -> None:
    drawing = Supply(tokens=iter([1, 2]), ports=iter([40000]), first_ip_id=0)
    with pytest.raises(CannotRunError, match="source ports are taken; check fewer targets"):
        plan_checks([API], CONDITIONS, drawing)


def test_there_are_ports_for_packets_streams_echoes_and_queries() -> None:
    assert ports_needed(targets=20, queries=16) >= 3 * 20 + 16
