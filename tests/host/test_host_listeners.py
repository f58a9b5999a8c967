"""Listening sockets."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.dumped import Dumped
from edgediag.host.listeners import decode_listener
from edgediag.model.flow import Protocol
from edgediag.model.host import Listener


def bound(address: str, port: int = 10250, v6only: int = 0) -> Dumped:
    return {
        "idiag_src": address,
        "idiag_sport": port,
        "idiag_uid": 0,
        "INET_DIAG_SKV6ONLY": v6only,
    }


def taking(*addresses: str) -> tuple[Listener, ...]:
    return tuple(
        Listener(protocol=Protocol.TCP, address=ip_address(address), port=10250, uid=0)
        for address in addresses
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(bound("0.0.0.0"), taking("0.0.0.0"), id="on every IPv4 address"),
        pytest.param(bound("127.0.0.1"), taking("127.0.0.1"), id="on one address"),
        pytest.param(bound("::"), taking("::", "0.0.0.0"), id="on every address of both kinds"),
        pytest.param(bound("::", v6only=1), taking("::"), id="on every IPv6 address alone"),
        pytest.param(bound("::1"), taking("::1"), id="on one IPv6 address"),
        pytest.param(
            bound("::ffff:192.0.2.10"), taking("192.0.2.10"), id="on an IPv4 address in IPv6 dress"
        ),
        pytest.param(bound("0.0.0.0", port=0), (), id="on no port yet"),
        pytest.param({}, (), id="empty"),
    ],
)
def test_what_a_socket_takes(message: Dumped, expected: tuple[Listener, ...]) -> None:
    assert decode_listener(message, Protocol.TCP) == expected


@given(
    st.dictionaries(
        st.sampled_from(["idiag_src", "idiag_sport", "idiag_uid", "INET_DIAG_SKV6ONLY"]),
        st.none() | st.integers() | st.text(),
    )
)
def test_any_message_is_listeners_or_none_never_an_exception(message: Dumped) -> None:
    assert isinstance(decode_listener(message, Protocol.UDP), tuple)
