"""Which sysctls of a namespace are in truth those of the whole host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.clone.sysctls import is_of_the_host


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("net.netfilter.nf_conntrack_max", True, id="the limit of connections"),
        pytest.param("net.nf_conntrack_max", True, id="the same by its other name"),
        pytest.param("net.netfilter.nf_conntrack_buckets", True, id="the size of the table"),
        pytest.param("net.netfilter.nf_conntrack_expect_max", True, id="the limit of expectations"),
        pytest.param("netfilter/nf_conntrack_max", True, id="as a path below net"),
        pytest.param("net//netfilter/./nf_conntrack_max", True, id="a path written otherwise"),
        pytest.param("net.ipv4.tcp_allowed_congestion_control", True, id="what anyone may choose"),
        pytest.param("net.ipv4.tcp_congestion_control", False, id="what this namespace chooses"),
        pytest.param("net.netfilter.nf_conntrack_tcp_loose", False, id="a way of tracking"),
        pytest.param("net.ipv4.conf.eth0/5.rp_filter", False, id="one of a device"),
        pytest.param("", False, id="no key"),
    ],
)
def test_a_key_is_of_the_whole_host(key: str, expected: bool) -> None:
    assert is_of_the_host(key) is expected


@given(st.text())
def test_whatever_the_key_it_is_one_of_the_host_or_not(key: str) -> None:
    assert is_of_the_host(key) in (True, False)
