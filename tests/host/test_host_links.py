"""Network devices."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.dumped import Dumped
from edgediag.host.links import decode_link
from edgediag.model.host import Link

UP, LOWER_UP = 0x1, 0x10000
VETH: Dumped = {
    "index": 3,
    "flags": UP | LOWER_UP | 0x1042,
    "IFLA_IFNAME": "eth0",
    "IFLA_MTU": 1450,
    "IFLA_ADDRESS": "02:00:00:00:00:01",
    "IFLA_LINKINFO": {"IFLA_INFO_KIND": "veth"},
    "IFLA_XDP": {"IFLA_XDP_ATTACHED": None},
}
ETH0 = Link(
    name="eth0",
    index=3,
    is_up=True,
    has_carrier=True,
    mtu=1450,
    kind="veth",
    mac="02:00:00:00:00:01",
    xdp_program=None,
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, ETH0, id="a veth that is up"),
        pytest.param({"flags": UP}, replace(ETH0, has_carrier=False), id="no carrier"),
        pytest.param(
            {"flags": 0}, replace(ETH0, is_up=False, has_carrier=False), id="set down by hand"
        ),
        pytest.param({"IFLA_LINKINFO": None}, replace(ETH0, kind=""), id="a physical device"),
        pytest.param({"IFLA_ADDRESS": None}, replace(ETH0, mac=""), id="a tunnel without a MAC"),
        pytest.param(
            {"IFLA_XDP": {"IFLA_XDP_PROG_ID": 42}}, replace(ETH0, xdp_program=42), id="XDP"
        ),
        pytest.param(
            {"IFLA_XDP": {"IFLA_XDP_SKB_PROG_ID": 9, "IFLA_XDP_DRV_PROG_ID": 8}},
            replace(ETH0, xdp_program=8),
            id="XDP twice: the driver's comes first",
        ),
        pytest.param({"IFLA_IFNAME": None}, None, id="no name"),
    ],
)
def test_a_device(changed: dict[str, object], expected: Link | None) -> None:
    assert decode_link({**VETH, **changed}) == expected


VALUES = st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.integers())


@given(st.dictionaries(st.sampled_from([*VETH, "IFLA_XDP_PROG_ID"]), VALUES))
def test_any_message_is_a_device_or_none_never_an_exception(message: dict[str, object]) -> None:
    assert decode_link(message) is None or message["IFLA_IFNAME"]
