"""Which object refuses a flow."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.host.refusal import (
    Culprit,
    beside,
    find_culprit,
    is_main_asked,
    refusing_route_type,
    throwing,
)
from edgediag.host.routes import (
    BLACKHOLE,
    PROHIBIT,
    THROW,
    UNREACHABLE,
    RouteKey,
    RouteMessage,
    covers,
)
from edgediag.host.rules import Rule
from edgediag.model.culprit import PolicyRuleObject, RouteObject
from edgediag.model.flow import Flow, Protocol

KEY = RouteKey(
    flow=Flow(
        protocol=Protocol.UDP,
        source=ip_address("192.0.2.10"),
        source_port=40000,
        destination=ip_address("198.51.100.21"),
        destination_port=4500,
    ),
    mark=0,
    uid=0,
    incoming=None,
)
LOOKUP, GOTO = 1, 2
RULE_BLACKHOLE, RULE_UNREACHABLE, RULE_PROHIBIT = 6, 7, 8
ALL = Rule(
    family=2,
    action=LOOKUP,
    table=254,
    priority=32766,
    is_inverted=False,
    source=None,
    destination=None,
    tos=0,
    mark=None,
    tunnel=0,
    input_interface="",
    output_interface="",
    is_l3mdev=False,
    uids=None,
    ip_protocol=0,
    source_ports=None,
    destination_ports=None,
    goto=0,
    suppress_prefix_length=-1,
    suppress_group=-1,
    is_fully_known=True,
)
LOCAL = replace(ALL, priority=0, table=255)
OTHERS = replace(ALL, priority=40, uids=(1, 99))
UNREAD = replace(ALL, priority=45, is_fully_known=False)
MISSING = RouteObject(type_="missing", prefix="default", table=254)


def rule(priority: int, action: int = LOOKUP, table: int = 0, goto: int = 0) -> Rule:
    return replace(ALL, priority=priority, action=action, table=table, goto=goto)


def route(type_: int, length: int, table: int = 254) -> RouteMessage:
    network = int(ip_address("198.51.100.21")) >> (32 - length) << (32 - length)
    destination = ip_address(network)
    return RouteMessage(
        type_=type_,
        destination=destination,
        length=length,
        prefix=f"{destination}/{length}",
        table=table,
        oif=0,
        gateway=None,
        preferred_source=None,
        mtu=None,
    )


ELSEWHERE = replace(route(BLACKHOLE, 24), destination=ip_address("203.0.113.0"))
BLACKHOLE_24 = RouteObject(type_="blackhole", prefix="198.51.100.0/24", table=254)


@pytest.mark.parametrize(
    ("errno_name", "policy", "refusing", "culprit"),
    [
        pytest.param("ENETUNREACH", (LOCAL, ALL), (), MISSING, id="there is no route"),
        pytest.param("ENETUNREACH", (), (), MISSING, id="there is no rule"),
        pytest.param(
            "ENETUNREACH", (LOCAL, ALL), (route(THROW, 24),), MISSING, id="thrown, and none after"
        ),
        pytest.param(
            "ENETUNREACH",
            (LOCAL, rule(50, RULE_UNREACHABLE), ALL),
            (),
            PolicyRuleObject(priority=50, text="from all unreachable"),
            id="an unreachable rule looks like a missing route",
        ),
        pytest.param(
            "EACCES",
            (LOCAL, rule(50, RULE_PROHIBIT), ALL),
            (route(PROHIBIT, 24),),
            PolicyRuleObject(priority=50, text="from all prohibit"),
            id="a rule before the table that would refuse as well",
        ),
        pytest.param(
            "EINVAL", (LOCAL, ALL), (route(BLACKHOLE, 24),), BLACKHOLE_24, id="a blackhole route"
        ),
        pytest.param(
            "EHOSTUNREACH",
            (LOCAL, ALL),
            (route(UNREACHABLE, 32),),
            RouteObject(type_="unreachable", prefix="198.51.100.21/32", table=254),
            id="an unreachable route",
        ),
        pytest.param(
            "EINVAL",
            (LOCAL, ALL),
            (route(BLACKHOLE, 8), route(BLACKHOLE, 24), ELSEWHERE),
            BLACKHOLE_24,
            id="the longest prefix that holds the destination",
        ),
        pytest.param(
            "EINVAL",
            (LOCAL, rule(50, table=9027), ALL),
            (route(BLACKHOLE, 24, 9027), route(THROW, 32, 9027), route(BLACKHOLE, 24)),
            BLACKHOLE_24,
            id="a longer throw hands on to the next table",
        ),
        pytest.param(
            "EINVAL",
            (LOCAL, OTHERS, rule(50, table=9027), ALL),
            (route(BLACKHOLE, 24, 9027),),
            RouteObject(type_="blackhole", prefix="198.51.100.0/24", table=9027),
            id="a rule for other users is passed over",
        ),
        pytest.param(
            "EINVAL",
            (LOCAL, rule(10, GOTO, goto=60), rule(50, RULE_BLACKHOLE), rule(60, table=254)),
            (route(BLACKHOLE, 24),),
            BLACKHOLE_24,
            id="a goto jumps over a rule that would refuse",
        ),
        pytest.param(
            "EINVAL", (LOCAL, ALL), (), None, id="nothing that refuses is to be found: no name"
        ),
        pytest.param(
            "EINVAL",
            (LOCAL, rule(50, RULE_PROHIBIT), ALL),
            (route(BLACKHOLE, 24),),
            None,
            id="the rule would have given another errno: no name",
        ),
        pytest.param(
            "EINVAL",
            (LOCAL, UNREAD, ALL),
            (route(BLACKHOLE, 24),),
            None,
            id="a selector that is not read may have decided: no name",
        ),
        pytest.param(
            "EINVAL",
            (replace(ALL, suppress_prefix_length=0), rule(60, RULE_BLACKHOLE)),
            (route(BLACKHOLE, 8),),
            None,
            id="a longer route may have been suppressed: no name",
        ),
        pytest.param(
            "EINVAL",
            (LOCAL, ALL),
            (route(BLACKHOLE, 24), route(THROW, 24)),
            None,
            id="two routes of one prefix: no name",
        ),
    ],
)
def test_the_object_that_refuses(
    errno_name: str,
    policy: tuple[Rule, ...],
    refusing: tuple[RouteMessage, ...],
    culprit: Culprit | None,
) -> None:
    assert find_culprit(errno_name, KEY, policy=policy, refusing=refusing) == culprit


@pytest.mark.parametrize(
    ("errno_name", "type_"),
    [
        pytest.param("EINVAL", BLACKHOLE, id="blackhole"),
        pytest.param("EACCES", PROHIBIT, id="prohibit"),
        pytest.param("EHOSTUNREACH", UNREACHABLE, id="unreachable"),
        pytest.param("ENETUNREACH", None, id="none: no route says so"),
    ],
)
def test_the_errno_tells_the_type(errno_name: str, type_: int | None) -> None:
    assert refusing_route_type(errno_name) == type_


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param((LOCAL, ALL), True, id="the kernel's own rules"),
        pytest.param((LOCAL, rule(50, table=77)), False, id="only other tables"),
        pytest.param((LOCAL, UNREAD), True, id="a selector that is not read may hold"),
        pytest.param((LOCAL, replace(ALL, uids=(1, 99))), False, id="main is for other users"),
        pytest.param((LOCAL, rule(10, GOTO, goto=60)), True, id="where a goto leads is not known"),
    ],
)
def test_whether_table_main_is_asked(policy: tuple[Rule, ...], expected: bool) -> None:
    assert is_main_asked(KEY, policy) is expected


@pytest.mark.parametrize(
    ("refusing", "expected"),
    [
        pytest.param((route(THROW, 31), route(BLACKHOLE, 24)), route(THROW, 31), id="the only one"),
        pytest.param((route(THROW, 31), route(THROW, 24, 77)), None, id="of two: no name"),
        pytest.param((ELSEWHERE, replace(ELSEWHERE, type_=THROW)), None, id="none that covers"),
    ],
)
def test_the_throw_route_that_holds_the_destination(
    refusing: tuple[RouteMessage, ...], expected: RouteMessage | None
) -> None:
    assert throwing(KEY, refusing) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        pytest.param(32, "198.51.100.20", id="of an address its neighbour"),
        pytest.param(31, "198.51.100.22", id="of a pair the next pair"),
        pytest.param(1, "0.0.0.0", id="of a half the other half"),
    ],
)
def test_an_address_beside_a_prefix(length: int, expected: str) -> None:
    found = beside(route(THROW, length))
    assert found == ip_address(expected)
    assert not covers(route(THROW, length), found)


def test_beside_a_default_route_there_is_nothing() -> None:
    assert beside(replace(route(THROW, 1), length=0)) is None
