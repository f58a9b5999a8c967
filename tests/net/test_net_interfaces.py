"""What a node says of itself."""

import os
from ipaddress import ip_address
from typing import TYPE_CHECKING

import netifaces
import pytest

from edgediag.net.interfaces import Identity, identity, own_addresses

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes


def test_the_names_are_those_of_uname() -> None:
    name = os.uname()
    assert identity() == Identity(hostname=name.nodename, kernel=name.release)


@pytest.mark.netns
def test_the_addresses_are_those_that_others_can_use(two_nodes: "TwoNodes") -> None:
    two_nodes.peer.run("ip address add 2001:db8::2/64 dev down0 nodad")
    with two_nodes.peer.inside():
        assert own_addresses() == (
            ip_address("192.0.2.2"),
            ip_address("198.51.100.2"),
            ip_address("2001:db8::2"),
        )


def test_an_interface_that_vanishes_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def vanished(_: str) -> dict[int, list[dict[str, str]]]:
        raise ValueError("You must specify a valid interface name.")

    monkeypatch.setattr(netifaces, "interfaces", lambda: ["veth0"])
    monkeypatch.setattr(netifaces, "ifaddresses", vanished)
    assert own_addresses() == ()


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"addr": "127.0.0.1"}, id="loopback"),
        pytest.param({"addr": "::1"}, id="loopback of IPv6"),
        pytest.param({"addr": "fe80::1%eth0"}, id="link-local"),
        pytest.param({"peer": "192.0.2.1"}, id="only a peer"),
    ],
)
def test_what_others_cannot_use_is_left_out(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, str]
) -> None:
    monkeypatch.setattr(netifaces, "interfaces", lambda: ["eth0"])
    monkeypatch.setattr(netifaces, "ifaddresses", lambda _: {netifaces.AF_INET6: [entry]})
    assert own_addresses() == ()
