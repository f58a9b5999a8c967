"""Which tracked connections went into a tunnel that nothing comes back by."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.checked import Checked
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.model.host import HostState
from edgediag.model.route import RouteAnswer
from edgediag.model.tunnel import NOT_LISTENED
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector, XfrmTemplate
from edgediag.tunnel.questions import NO_NEED, asked_through
from rig import RigHost, RigWire, rig
from story import (
    EDGE,
    HOST,
    NEIGHBOUR_HOST,
    answered,
    flow,
    ike_reply,
    link,
    listened,
    probe,
    route,
    stream,
    target,
    unanswered,
)

TUNNEL = Checked(target=target(), attempts=(answered(probe(), ike_reply()),), nobody=())
SILENT = Checked(target=target(), attempts=(unanswered(probe()),), nobody=())
TUN = replace(link(), name="ipsec0", index=9, kind="tun")
INSIDE = "203.0.113.200"
OUT, BACK = stream(12, is_sent=True), stream(12, is_sent=False)
UNREAD = NotChecked(reason="EPERM")


def policy(gateway: str) -> XfrmPolicy:
    """What is for the other site goes to a gateway."""
    template = XfrmTemplate(
        source=ip_address(EDGE),
        destination=ip_address(gateway),
        protocol="esp",
        mode="tunnel",
        request=1,
    )
    selector = XfrmSelector(
        source=(ip_address("0.0.0.0"), 0),
        destination=(ip_address("203.0.113.128"), 25),
        source_port=(0, 0),
        destination_port=(0, 0),
        ip_protocol=0,
        is_narrower=False,
    )
    return XfrmPolicy(
        direction="out",
        action="allow",
        priority=0,
        index=1,
        selector=selector,
        templates=(template,),
    )


ASKED = flow(Protocol.TCP, host=INSIDE, port=443)
ELSEWHERE = flow(Protocol.TCP, host=NEIGHBOUR_HOST, port=443)


def way(asked: Flow) -> RouteAnswer:
    return replace(route(), interface="ipsec0" if asked == ASKED else "eth0")


def host(*, gateway: str = "", devices: tuple[object, ...] = (link(), TUN)) -> HostState:
    policies = (policy(gateway),) if gateway else ()
    return replace(listened(OUT), links=devices, xfrm_policies=policies)


@pytest.mark.parametrize(
    ("state", "check", "expected"),
    [
        pytest.param(host(), TUNNEL, (ASKED,), id="a daemon seals what goes into a tun device"),
        pytest.param(host(devices=(link(),)), TUNNEL, (), id="there is none"),
        pytest.param(
            host(gateway=HOST, devices=(link(),)), TUNNEL, (ASKED,), id="the kernel seals it"
        ),
        pytest.param(host(gateway=NEIGHBOUR_HOST), TUNNEL, (), id="for another gateway"),
        pytest.param(
            replace(host(), xfrm_policies=UNREAD), TUNNEL, (ASKED,), id="policies were not read"
        ),
        pytest.param(replace(host(), links=UNREAD), TUNNEL, (), id="devices were not read"),
        pytest.param(host(), SILENT, NO_NEED, id="the gateway does not answer the probe"),
        pytest.param(
            replace(host(), tunnel_traffic=listened(OUT, BACK).tunnel_traffic),
            TUNNEL,
            NO_NEED,
            id="ESP comes back",
        ),
        pytest.param(
            replace(host(), tunnel_traffic=listened().tunnel_traffic), TUNNEL, NO_NEED, id="idle"
        ),
        pytest.param(
            replace(host(), tunnel_traffic=NOT_LISTENED), TUNNEL, NO_NEED, id="nobody listened"
        ),
    ],
)
def test_what_went_into_the_tunnel(
    state: HostState, check: Checked, expected: tuple[Flow, ...] | NotChecked
) -> None:
    bench = rig(RigWire(), host=RigHost(way=way, unanswered=(ASKED, ELSEWHERE)))
    assert asked_through(bench, [check], state) == expected


def test_where_connections_cannot_be_read_that_is_said() -> None:
    bench = rig(RigWire(), host=RigHost(unanswered=UNREAD))
    assert asked_through(bench, [TUNNEL], host()) == UNREAD
