"""Which object refuses a flow."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.host.refusal import Culprit, find_culprit, refusing_route_type
from edgediag.host.routes import (
    BLACKHOLE,
    PROHIBIT,
    THROW,
    UNREACHABLE,
    RouteKey,
    RouteMessage,
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
