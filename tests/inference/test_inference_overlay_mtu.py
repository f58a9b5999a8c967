"""An overlay that is wider than what carries it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import MtuObject
from edgediag.model.endpoint import Direction
from edgediag.model.evidence import ListenerEvidence, RunEvidence
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState, InterfaceAddress, Link, Listener
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Mechanism, Place, Status
from story import EDGE, host_state, link, target

UNREAD = NotChecked(reason="not recorded")
ETH0 = replace(link(), mtu=1500)
OVERLAY = replace(link(), name="flannel.1", index=5, kind="vxlan", mtu=1450)
BRIDGE = replace(link(), name="cni0", index=6, kind="bridge", mtu=9000)
LISTENING = Listener(protocol=Protocol.UDP, address=ip_address("0.0.0.0"), port=8472, uid=0)
TARGET = target(
    "flannel-vxlan-8472", endpoint="flannel-vxlan", direction=Direction.INBOUND, port=8472
)


def judged(*links: Link, is_heard: bool = True) -> CheckReport:
    addresses = tuple(
        InterfaceAddress(interface=item.name, address=ip_address(EDGE), prefix_length=24)
        for item in links
    )
    host = replace(host_state(), links=links, addresses=addresses)
    return _judged(host, is_heard=is_heard)


def _judged(host: HostState, *, is_heard: bool = True) -> CheckReport:
    listeners = (LISTENING,) if is_heard else ()
    evidence = ListenerEvidence(target=TARGET, listeners=listeners, explained=UNREAD)
    (check,) = judge(RunEvidence(host=host, checks=(evidence,))).checks
    return check


@pytest.mark.parametrize(
    ("links", "status"),
    [
        pytest.param((ETH0, OVERLAY), Status.NOT_CHECKED, id="it fits to the octet"),
        pytest.param((replace(ETH0, mtu=1499), OVERLAY), Status.DEGRADED, id="an octet too wide"),
        pytest.param(
            (replace(ETH0, mtu=576), replace(ETH0, name="eth1", index=7), OVERLAY),
            Status.NOT_CHECKED,
            id="another device could carry it",
        ),
        pytest.param(
            (replace(ETH0, mtu=576), BRIDGE, OVERLAY), Status.DEGRADED, id="a bridge is no way out"
        ),
        pytest.param((replace(ETH0, mtu=576),), Status.NOT_CHECKED, id="no overlay"),
    ],
)
def test_an_overlay_must_fit_its_underlay(links: tuple[Link, ...], status: Status) -> None:
    assert judged(*links).status is status


def test_the_narrow_device_is_named() -> None:
    verdict = judged(replace(ETH0, mtu=576), OVERLAY).verdict
    assert verdict is not None
    assert (verdict.where, verdict.mechanism, verdict.culprit) == (
        (Place.LOCAL,),
        Mechanism.MTU,
        MtuObject(interface="eth0", octets=576),
    )


def test_a_port_without_a_listener_is_that_first() -> None:
    check = judged(replace(ETH0, mtu=576), OVERLAY, is_heard=False)
    assert check.verdict is not None
    assert check.verdict.mechanism is Mechanism.NOT_LISTENING


def test_devices_that_nobody_read_prove_nothing() -> None:
    host = replace(host_state(), links=NotChecked(reason="netlink failed"))
    assert _judged(host).status is Status.NOT_CHECKED
