"""The neighbour table."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.dumped import Dumped
from edgediag.host.neighbours import decode_neighbour, next_hop
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import NextHop
from edgediag.model.host import Link, Neighbour, NeighbourState

NAMES = {3: "eth0"}
MAC = "02:00:00:00:00:fe"


def entry(state: NeighbourState, mac: str = MAC) -> Neighbour:
    return Neighbour(interface="eth0", address=ip_address("192.0.2.254"), mac=mac, state=state)


def dumped(state: int, mac: str | None = MAC) -> Dumped:
    return {"ifindex": 3, "state": state, "NDA_DST": "192.0.2.254", "NDA_LLADDR": mac}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(dumped(0x02), entry(NeighbourState.REACHABLE), id="reachable"),
        pytest.param(dumped(0x80), entry(NeighbourState.PERMANENT), id="set by hand"),
        pytest.param(dumped(0x20, None), entry(NeighbourState.FAILED, ""), id="failed"),
        pytest.param(dumped(0x01, None), entry(NeighbourState.INCOMPLETE, ""), id="being asked"),
        pytest.param(dumped(0x03), None, id="no single state"),
        pytest.param({"ifindex": 3, "state": 2}, None, id="no address"),
    ],
)
def test_an_entry(message: Dumped, expected: Neighbour | None) -> None:
    assert decode_neighbour(message, NAMES) == expected


def link(mac: str = "02:00:00:00:00:01") -> Link:
    return Link(
        name="eth0",
        index=3,
        is_up=True,
        has_carrier=True,
        mtu=1500,
        kind="",
        mac=mac,
        xdp_program=None,
    )


HOP = NextHop(interface="eth0", source_mac="02:00:00:00:00:01", destination_mac=MAC)


@pytest.mark.parametrize(
    ("neighbour", "expected"),
    [
        *(
            pytest.param(entry(state), HOP, id=state.value)
            for state in (
                NeighbourState.REACHABLE,
                NeighbourState.STALE,
                NeighbourState.DELAY,
                NeighbourState.PROBE,
                NeighbourState.PERMANENT,
            )
        ),
        pytest.param(
            entry(NeighbourState.FAILED, ""),
            NotChecked(reason="neighbour 192.0.2.254 on eth0 is failed"),
            id="failed",
        ),
        pytest.param(
            entry(NeighbourState.FAILED),
            NotChecked(reason="neighbour 192.0.2.254 on eth0 is failed"),
            id="failed, with the MAC it once had",
        ),
    ],
)
def test_a_frame_goes_where_the_kernel_would_send_it(
    neighbour: Neighbour, expected: NextHop | NotChecked
) -> None:
    assert next_hop(link(), neighbour) == expected


def test_a_device_without_a_mac_sends_no_frames() -> None:
    assert next_hop(link(""), entry(NeighbourState.REACHABLE)) == NotChecked(
        reason="eth0 has no link-layer address"
    )


@given(
    st.dictionaries(
        st.sampled_from(["ifindex", "state", "NDA_DST", "NDA_LLADDR"]),
        st.none() | st.integers() | st.text(),
    )
)
def test_any_message_is_an_entry_or_none_never_an_exception(message: Dumped) -> None:
    assert decode_neighbour(message, NAMES) is None or message
