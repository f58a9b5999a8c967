"""Sysctls are copied with the namespace that has them, and none that the whole host shares."""

from typing import TYPE_CHECKING

import pytest

from edgediag.net.clone_sysctls import read_sysctls

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = pytest.mark.netns

OF_THE_HOST = {
    "netfilter/nf_conntrack_buckets",
    "netfilter/nf_conntrack_expect_max",
    "netfilter/nf_conntrack_max",
    "ipv4/tcp_allowed_congestion_control",
}


def test_what_is_one_for_all_namespaces_is_left_out(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        found = read_sysctls(["up0"])
    assert OF_THE_HOST & set(found) == set()
    own = {"ipv4/ip_forward", "ipv4/tcp_congestion_control", "ipv4/conf/up0/rp_filter"}
    assert own <= set(found)
