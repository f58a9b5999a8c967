"""UDP sockets by their inodes, as Linux 6.18 lists them."""

import sys
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.udp_sockets import UdpSocket, decode_sockets

HEAD = (
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops            \n"
)
REST = "07 00000000:00000000 00:00000000 00000000     0        0 33920163 2 0000000024dd5dad 0\n"


def row(local: str, other: str = "00000000:0000") -> str:
    return f"14405: {local} {other} {REST}"


@pytest.mark.skipif(sys.byteorder == "big", reason="recorded on a little-endian machine")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(HEAD, (), id="nobody"),
        pytest.param(
            HEAD + row("0100007F:1194"),
            (UdpSocket(address=ip_address("127.0.0.1"), port=4500, inode="33920163"),),
            id="IPv4",
        ),
        pytest.param(
            HEAD + row("B80D0120000000000000000001000000:2118", "0" * 32 + ":0000"),
            (UdpSocket(address=ip_address("2001:db8::1"), port=8472, inode="33920163"),),
            id="IPv6",
        ),
        pytest.param(HEAD + row("0100007F:1194")[:60], (), id="cut off"),
        pytest.param(HEAD + row("x" * 8 + ":1194"), (), id="no address"),
    ],
)
def test_the_sockets_of_a_table(text: str, expected: tuple[UdpSocket, ...]) -> None:
    assert decode_sockets(text) == expected


@given(text=st.text(max_size=300))
def test_any_text_is_sockets_or_none_never_an_exception(text: str) -> None:
    for whole in (text, HEAD + text, row(text)):
        assert all(isinstance(item, UdpSocket) for item in decode_sockets(whole))
