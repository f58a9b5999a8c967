"""Names of sysctls, and where they lie."""

import pytest

from edgediag.host.sysctls import HOST_KEYS, sysctl_keys, sysctl_path


@pytest.mark.parametrize(
    ("key", "path"),
    [
        pytest.param("net.ipv4.ip_forward", "net/ipv4/ip_forward", id="of the host"),
        pytest.param(
            "net.ipv4.conf.eth0/100.rp_filter",
            "net/ipv4/conf/eth0.100/rp_filter",
            id="a dot in a device's name is a slash in the key",
        ),
    ],
)
def test_where_a_key_lies(key: str, path: str) -> None:
    assert sysctl_path(key) == path


def test_the_reverse_path_filter_is_read_for_all_for_default_and_for_each_device() -> None:
    keys = [key for key in sysctl_keys(["eth0", "eth0.100"]) if key.endswith("rp_filter")]
    assert keys == [
        "net.ipv4.conf.all.rp_filter",
        "net.ipv4.conf.default.rp_filter",
        "net.ipv4.conf.eth0.rp_filter",
        "net.ipv4.conf.eth0/100.rp_filter",
    ]


def test_the_host_comes_first_and_no_key_twice() -> None:
    keys = sysctl_keys(["eth0", "eth0"])
    assert keys[: len(HOST_KEYS)] == HOST_KEYS
    assert len(keys) == len(set(keys))
