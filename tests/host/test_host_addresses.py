"""Addresses of this host."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.addresses import decode_address
from edgediag.host.dumped import Dumped
from edgediag.model.host import InterfaceAddress

NAMES = {3: "eth0"}


def own(address: str, length: int, interface: str = "eth0") -> InterfaceAddress:
    return InterfaceAddress(interface=interface, address=ip_address(address), prefix_length=length)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            {"index": 3, "prefixlen": 24, "IFA_ADDRESS": "192.0.2.10", "IFA_LOCAL": "192.0.2.10"},
            own("192.0.2.10", 24),
            id="on a link of many",
        ),
        pytest.param(
            {"index": 3, "prefixlen": 32, "IFA_ADDRESS": "203.0.113.1", "IFA_LOCAL": "192.0.2.10"},
            own("192.0.2.10", 32),
            id="on a link of two the other end's comes too",
        ),
        pytest.param(
            {"index": 3, "prefixlen": 64, "IFA_ADDRESS": "2001:db8::10"},
            own("2001:db8::10", 64),
            id="IPv6 has but one",
        ),
        pytest.param(
            {"index": 9, "prefixlen": 24, "IFA_LOCAL": "192.0.2.10"},
            own("192.0.2.10", 24, "9"),
            id="its device is gone meanwhile",
        ),
        pytest.param({"index": 3, "IFA_LOCAL": "none"}, None, id="no address"),
        pytest.param({}, None, id="empty"),
    ],
)
def test_an_address(message: Dumped, expected: InterfaceAddress | None) -> None:
    assert decode_address(message, NAMES) == expected


@given(
    st.dictionaries(
        st.sampled_from(["index", "prefixlen", "IFA_ADDRESS", "IFA_LOCAL"]),
        st.none() | st.integers() | st.text(),
    )
)
def test_any_message_is_an_address_or_none_never_an_exception(message: Dumped) -> None:
    assert decode_address(message, NAMES) is None or message
