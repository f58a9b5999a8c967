"""What is said of a VXLAN port that nothing takes, and when nothing is."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from edgediag.inference.overlay_device import unheard_overlay
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import Culprit, LinkObject, VxlanObject
from edgediag.model.host import HostState
from edgediag.model.overlay import VxlanDevice
from story import EDGE, FLANNEL_DEVICE, host_state, link

FLANNEL = FLANNEL_DEVICE
OTHER_PORT = replace(FLANNEL, port=4789)
MISMATCH = VxlanObject(interface="flannel.1", vni=1, port=4789, local=ip_address(EDGE))


def node(*devices: VxlanDevice, is_up: bool = True) -> HostState:
    links = tuple(replace(link(is_up=is_up), name=device.interface) for device in devices)
    return replace(host_state(), links=links, vxlans=devices)


@pytest.mark.parametrize(
    ("host", "culprit"),
    [
        pytest.param(
            node(FLANNEL, is_up=False), LinkObject(interface="flannel.1", state="down"), id="down"
        ),
        pytest.param(node(OTHER_PORT), MISMATCH, id="made with another port"),
        pytest.param(
            node(replace(OTHER_PORT, interface="raven0")), None, id="another device, another port"
        ),
        pytest.param(node(FLANNEL), None, id="up, with this port: not the device's fault"),
        pytest.param(node(), None, id="no device"),
        pytest.param(
            replace(node(OTHER_PORT), vxlans=NotChecked(reason="not recorded")),
            None,
            id="the devices were not read",
        ),
    ],
)
def test_why_no_device_takes_the_port(host: HostState, culprit: Culprit | None) -> None:
    said = unheard_overlay(8472, host)
    assert (None if said is None else said[2][1]) == culprit
