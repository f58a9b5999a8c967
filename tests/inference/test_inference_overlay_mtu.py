"""An overlay that is wider than what carries it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.judge import judge
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import MtuObject
from edgediag.model.endpoint import Direction
from edgediag.model.evidence import RunEvidence
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState, Link
from edgediag.model.listener import Listener
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Mechanism, Place, Status
from story import FLANNEL_DEVICE, host_state, link, listener_evidence, target

ETH0 = replace(link(), mtu=1500)
OVERLAY = replace(link(), name="flannel.1", index=5, kind="vxlan", mtu=1450)
BRIDGE = replace(link(), name="cni0", index=6, kind="bridge", mtu=9000)
UPLINK_BRIDGE = replace(BRIDGE, name="br-ex", mtu=1500)
NARROW = replace(ETH0, mtu=576)
OF_OTHERS = replace(OVERLAY, name="vxlan77", mtu=1500)
DEVICE = replace(FLANNEL_DEVICE, local=None, has_checksum=False)
LISTENING = Listener(protocol=Protocol.UDP, address=ip_address("0.0.0.0"), port=8472, uid=0)
TARGET = target(
    "flannel-vxlan-8472", endpoint="flannel-vxlan", direction=Direction.INBOUND, port=8472
)


def judged(*links: Link, on: str = "eth0", is_heard: bool = True) -> CheckReport:
    """A node with these devices; its overlays were made on one of them, or on none."""
    overlays = (item for item in links if item.kind == "vxlan")
    vxlans = tuple(replace(DEVICE, interface=item.name, underlay=on) for item in overlays)
    host = replace(host_state(), links=links, vxlans=vxlans)
    return _judged(host, is_heard=is_heard)


def _judged(host: HostState, *, is_heard: bool = True) -> CheckReport:
    listeners = (LISTENING,) if is_heard else ()
    evidence = listener_evidence(TARGET, *listeners)
    (check,) = judge(RunEvidence(host=host, checks=(evidence,))).checks
    return check


@pytest.mark.parametrize(
    ("links", "on", "status"),
    [
        pytest.param((ETH0, OVERLAY), "eth0", Status.NOT_CHECKED, id="it fits to the octet"),
        pytest.param(
            (replace(ETH0, mtu=1499), OVERLAY), "eth0", Status.DEGRADED, id="an octet too wide"
        ),
        pytest.param(
            (NARROW, replace(ETH0, name="eth1", index=7), OVERLAY),
            "",
            Status.NOT_CHECKED,
            id="made on none: another device could carry it",
        ),
        pytest.param(
            (NARROW, replace(ETH0, name="eth1", index=7), OVERLAY),
            "eth0",
            Status.DEGRADED,
            id="made on the narrow one, whatever others could carry",
        ),
        pytest.param(
            (NARROW, BRIDGE, OVERLAY), "eth0", Status.DEGRADED, id="a bridge is no way out"
        ),
        pytest.param(
            (UPLINK_BRIDGE, replace(ETH0, name="wg0", mtu=1420), OVERLAY),
            "br-ex",
            Status.NOT_CHECKED,
            id="a bridge that is the uplink, beside a narrow tunnel",
        ),
        pytest.param((NARROW, OF_OTHERS), "eth0", Status.NOT_CHECKED, id="a device of others"),
        pytest.param(
            (NARROW, replace(OVERLAY, is_up=False)), "eth0", Status.NOT_CHECKED, id="not in use"
        ),
        pytest.param((OVERLAY,), "eth0", Status.NOT_CHECKED, id="what it was made on is gone"),
        pytest.param((NARROW,), "eth0", Status.NOT_CHECKED, id="no overlay"),
    ],
)
def test_an_overlay_must_fit_its_underlay(
    links: tuple[Link, ...], on: str, status: Status
) -> None:
    assert judged(*links, on=on).status is status


def test_the_narrow_device_is_named() -> None:
    verdict = judged(NARROW, OVERLAY).verdict
    assert verdict is not None
    assert (verdict.where, verdict.mechanism, verdict.culprit) == (
        (Place.LOCAL,),
        Mechanism.MTU,
        MtuObject(interface="eth0", octets=576),
    )


def test_a_port_without_a_listener_is_that_first() -> None:
    check = judged(NARROW, OVERLAY, is_heard=False)
    assert check.verdict is not None
    assert check.verdict.mechanism is Mechanism.NOT_LISTENING


def test_devices_that_nobody_read_prove_nothing() -> None:
    host = replace(host_state(), links=NotChecked(reason="netlink failed"))
    assert _judged(host).status is Status.NOT_CHECKED
