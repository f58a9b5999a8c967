"""IPsec tables of a namespace, read from the running kernel."""

from ipaddress import ip_address

import pytest

from edgediag.model.xfrm import XfrmPolicy, XfrmSelector, XfrmState, XfrmTemplate
from edgediag.net.xfrm import read_counts, read_policies, read_states

pytestmark = pytest.mark.netns

HERE, GATEWAY = ip_address("192.0.2.1"), ip_address("198.51.100.21")
ENDS = f"src {HERE} dst {GATEWAY}"


def test_a_policy_with_its_tunnel(two_nodes) -> None:
    two_nodes.node.run(
        "ip xfrm policy add dir out src 203.0.113.0/25 dst 203.0.113.128/25 priority 7 "
        f"tmpl {ENDS} proto esp reqid 16389 mode tunnel"
    )
    with two_nodes.node.inside():
        [policy] = read_policies()
    assert policy == XfrmPolicy(
        direction="out",
        action="allow",
        priority=7,
        index=policy.index,
        selector=XfrmSelector(
            source=(ip_address("203.0.113.0"), 25),
            destination=(ip_address("203.0.113.128"), 25),
            source_port=(0, 0),
            destination_port=(0, 0),
            ip_protocol=0,
            is_narrower=False,
        ),
        templates=(
            XfrmTemplate(
                source=HERE, destination=GATEWAY, protocol="esp", mode="tunnel", request=16389
            ),
        ),
    )


def test_an_association_that_is_being_made(two_nodes) -> None:
    # A whole one needs ESP in the kernel, which not every machine has.
    two_nodes.node.run(
        f"ip xfrm state allocspi {ENDS} proto esp reqid 16389 mode tunnel min 4660 max 4660"
    )
    with two_nodes.node.inside():
        [state] = read_states()
    assert state == XfrmState(
        source=HERE,
        destination=GATEWAY,
        spi=0x1234,
        protocol="esp",
        mode="tunnel",
        request=16389,
        is_in_udp=False,
        ports=(0, 0),
        octets=0,
    )


def test_a_host_without_ipsec_has_none_of_it(two_nodes) -> None:
    with two_nodes.node.inside():
        assert (read_policies(), read_states(), read_counts()) == ((), (), ())
