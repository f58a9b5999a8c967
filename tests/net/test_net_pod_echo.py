"""Echoes from inside a real namespace behind a real bridge."""

import os
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from edgediag.model.answer import NotChecked
from edgediag.model.pod_echo import NO_ECHOES, PodEcho, PodQuestion
from edgediag.net.pod_echo import TRIES, echo_from_pod

pytestmark = pytest.mark.netns

POD, NODE, NOBODY = map(ip_address, ("10.244.1.2", "10.244.1.1", "10.244.1.99"))


@pytest.fixture
def pods_node(two_nodes) -> Iterator:
    """A node whose other end is a pod: its device is a port of cni0, and somebody lives there."""
    two_nodes.node.run(
        "ip link add cni0 type bridge",
        "ip address add 10.244.1.1/24 dev cni0",
        "ip link set cni0 up",
        "ip link set up0 master cni0",
    )
    two_nodes.peer.run("ip address add 10.244.1.2/24 dev down0", "ip link set down0 mtu 1400")
    with two_nodes.peer.inside():
        somebody = subprocess.Popen(["sleep", "60"])
    try:
        yield two_nodes.node
    finally:
        somebody.kill()
        somebody.wait()


def asked(*destinations, bridge: str = "cni0", most_octets: int = 1500) -> PodQuestion:
    return PodQuestion(bridge=bridge, destinations=destinations, most_octets=most_octets)


def echo(destination, octets: int, answered: int) -> PodEcho:
    return PodEcho(
        pod=POD, destination=destination, octets=octets, asked=TRIES, answered=answered
    )


@pytest.mark.parametrize(
    ("question", "echoes"),
    [
        pytest.param(
            asked(NODE), (echo(NODE, 84, TRIES), echo(NODE, 1400, TRIES)), id="as its device sends"
        ),
        pytest.param(
            asked(NODE, most_octets=1300),
            (echo(NODE, 84, TRIES), echo(NODE, 1300, TRIES)),
            id="as the node sends on",
        ),
        pytest.param(
            asked(NOBODY, NODE),
            (
                echo(NOBODY, 84, 0),
                echo(NOBODY, 1400, 0),
                echo(NODE, 84, TRIES),
                echo(NODE, 1400, TRIES),
            ),
            id="one of two answers",
        ),
        pytest.param(asked(NODE, bridge="up0"), NO_ECHOES, id="no bridge"),
    ],
)
def test_what_a_pod_is_answered(pods_node, question, echoes) -> None:
    with pods_node.inside():
        assert echo_from_pod(question) == echoes


def test_a_bridge_that_is_not_there_is_said(pods_node) -> None:
    with pods_node.inside():
        assert isinstance(echo_from_pod(asked(NODE, bridge="gone0")), NotChecked)


def test_the_caller_stays_where_it_is(pods_node) -> None:
    with pods_node.inside():
        before = os.readlink("/proc/thread-self/ns/net")
        echo_from_pod(asked(NODE))
        assert os.readlink("/proc/thread-self/ns/net") == before
