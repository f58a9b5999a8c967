"""What an ICMP error amounts to."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.model.flow import Protocol
from edgediag.model.packet import IcmpError, MplsLabel, Packet, Quote
from edgediag.model.reply import IcmpKind, IcmpReply
from edgediag.session.icmp import icmp_kind, icmp_reply
from story import EDGE, ROUTERS, flow


@pytest.mark.parametrize(
    ("type_", "code", "kind"),
    [
        pytest.param(11, 0, IcmpKind.TIME_EXCEEDED, id="expired on the way"),
        pytest.param(11, 1, IcmpKind.OTHER, id="a fragment was missing: no distance"),
        pytest.param(3, 0, IcmpKind.NET_UNREACHABLE, id="no route to the network"),
        pytest.param(3, 1, IcmpKind.HOST_UNREACHABLE, id="the host was not found"),
        pytest.param(3, 2, IcmpKind.PROTOCOL_UNREACHABLE, id="no such protocol"),
        pytest.param(3, 3, IcmpKind.PORT_UNREACHABLE, id="nobody listens"),
        pytest.param(3, 4, IcmpKind.FRAGMENTATION_NEEDED, id="too big"),
        pytest.param(3, 5, IcmpKind.OTHER, id="a source route failed"),
        pytest.param(3, 6, IcmpKind.NET_UNREACHABLE, id="network unknown"),
        pytest.param(3, 7, IcmpKind.HOST_UNREACHABLE, id="host unknown"),
        pytest.param(3, 9, IcmpKind.ADMIN_PROHIBITED, id="network prohibited"),
        pytest.param(3, 10, IcmpKind.ADMIN_PROHIBITED, id="host prohibited"),
        pytest.param(3, 13, IcmpKind.ADMIN_PROHIBITED, id="communication prohibited"),
        pytest.param(3, 15, IcmpKind.OTHER, id="a precedence is too low"),
        pytest.param(12, 0, IcmpKind.OTHER, id="a parameter problem"),
    ],
)
def test_kinds(type_: int, code: int, kind: IcmpKind) -> None:
    assert icmp_kind(4, type_, code) is kind


@pytest.mark.parametrize(
    ("type_", "code", "kind"),
    [
        pytest.param(1, 0, IcmpKind.NET_UNREACHABLE, id="no route"),
        pytest.param(1, 1, IcmpKind.ADMIN_PROHIBITED, id="prohibited"),
        pytest.param(1, 2, IcmpKind.OTHER, id="beyond the scope of the source"),
        pytest.param(1, 3, IcmpKind.HOST_UNREACHABLE, id="the address was not found"),
        pytest.param(1, 4, IcmpKind.PORT_UNREACHABLE, id="nobody listens"),
        pytest.param(1, 5, IcmpKind.ADMIN_PROHIBITED, id="a policy refuses the source"),
        pytest.param(1, 6, IcmpKind.ADMIN_PROHIBITED, id="a reject route"),
        pytest.param(2, 0, IcmpKind.FRAGMENTATION_NEEDED, id="too big"),
        pytest.param(2, 9, IcmpKind.FRAGMENTATION_NEEDED, id="too big, whatever its code"),
        pytest.param(3, 0, IcmpKind.TIME_EXCEEDED, id="expired on the way"),
        pytest.param(3, 1, IcmpKind.OTHER, id="a fragment was missing: no distance"),
        pytest.param(3, 3, IcmpKind.OTHER, id="what ICMPv4 calls a closed port"),
        pytest.param(4, 1, IcmpKind.PROTOCOL_UNREACHABLE, id="no such next header"),
        pytest.param(4, 0, IcmpKind.OTHER, id="another parameter problem"),
        pytest.param(11, 0, IcmpKind.OTHER, id="what ICMPv4 calls expired"),
    ],
)
def test_kinds_of_ipv6(type_: int, code: int, kind: IcmpKind) -> None:
    assert icmp_kind(6, type_, code) is kind


def error(type_: int, code: int, *, is_quoting: bool = True) -> tuple[Packet, IcmpError]:
    quote = Quote(flow=flow(), hop_limit=3, ip_id=7, sequence=None)
    said = IcmpError(type_=type_, code=code, quote=quote if is_quoting else None)
    on = flow(Protocol.ICMP, host=ROUTERS[0], port=0, source_port=0).reversed()
    return Packet(flow=on, hop_limit=63, ip_id=1, payload=said), said


def test_a_reply_names_its_maker_and_what_was_left_of_the_probe_there() -> None:
    packet, said = error(3, 13)
    assert str(packet.flow.destination) == EDGE
    assert icmp_reply(packet, said) == IcmpReply(
        kind=IcmpKind.ADMIN_PROHIBITED,
        type_=3,
        code=13,
        sender=ip_address(ROUTERS[0]),
        hop_limit=63,
        quoted_hop_limit=3,
    )


def test_the_labels_that_the_probe_had_stay_with_the_reply() -> None:
    label = MplsLabel(label=24001, traffic_class=0, is_bottom=True, ttl=1)
    packet, said = error(11, 0)
    reply = icmp_reply(packet, replace(said, labels=(label,)))
    assert reply is not None
    assert reply.labels == (label,)


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param(error(3, 1, is_quoting=False), id="an error that quotes too little"),
        pytest.param(error(4, 0), id="a source quench: the packet was carried on"),
        pytest.param(error(5, 1), id="a redirect: the packet was carried on"),
    ],
)
def test_what_says_nothing_of_a_probe_is_no_reply(heard: tuple[Packet, IcmpError]) -> None:
    assert icmp_reply(*heard) is None


def test_a_parameter_problem_of_ipv6_is_no_advice_though_its_number_is_one_in_ipv4() -> None:
    packet, said = error(4, 1)
    router = replace(packet.flow, source=ip_address("2001:db8::1"))
    heard = icmp_reply(replace(packet, flow=router, ip_id=None), said)
    assert heard is not None and heard.kind is IcmpKind.PROTOCOL_UNREACHABLE
