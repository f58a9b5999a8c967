"""What bpf(2) tells of programs, octet by octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.bpf_programs import (
    decode_ids,
    decode_name,
    decode_netfilter_link,
    decode_xdp,
)
from edgediag.host.dumped import Dumped
from edgediag.model.culprit import XdpProgramObject
from edgediag.model.program import NetfilterProgram

# struct bpf_prog_info of Linux 6.18: type 6, id 157; its name stands at octet 64.
PROGRAM = bytes.fromhex("06000000 9d000000") + bytes(56) + b"edgediag_lab\0\0\0\0"
# struct bpf_link_info: type 10, id 3, program 157, the union at octet 16: ip, hook 1, -100, 0.
LINK = bytes.fromhex("0a000000 03000000 9d000000 00000000 02000000 01000000 9cffffff 00000000")
INPUT = NetfilterProgram(program=157, name="guard", family="ip", hook="input", priority=-100)


def xdp(program: int, mode: str) -> XdpProgramObject:
    return XdpProgramObject(interface="eth0", program=program, name="", mode=mode)


def test_a_name_ends_at_the_first_zero() -> None:
    assert decode_name(PROGRAM) == "edgediag_lab"


def test_a_program_of_an_old_kernel_has_no_name() -> None:
    assert decode_name(PROGRAM[:40]) == ""


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        pytest.param(LINK, INPUT, id="on the INPUT hook of IPv4"),
        pytest.param(b"\x0b" + LINK[1:], None, id="a link to a device"),
        pytest.param(LINK[:24], None, id="cut short"),
    ],
)
def test_a_link_to_netfilter(info: bytes, expected: NetfilterProgram | None) -> None:
    assert decode_netfilter_link(info, "guard") == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(2, (7, 9), id="as many as the kernel says"),
        pytest.param(0, (), id="none"),
        pytest.param(5000, (7, 9, 0), id="never more than there is room for"),
    ],
)
def test_ids(count: int, expected: tuple[int, ...]) -> None:
    assert decode_ids(bytes.fromhex("07000000 09000000 00000000"), count) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param({"IFLA_XDP_ATTACHED": None}, (), id="nothing attached"),
        pytest.param(
            {"IFLA_XDP_PROG_ID": 4, "IFLA_XDP_SKB_PROG_ID": 4}, (xdp(4, "generic"),), id="generic"
        ),
        pytest.param(
            {"IFLA_XDP_SKB_PROG_ID": 4, "IFLA_XDP_DRV_PROG_ID": 5, "IFLA_XDP_HW_PROG_ID": 6},
            (xdp(6, "offloaded"), xdp(5, "native"), xdp(4, "generic")),
            id="in every mode, nearest the wire first",
        ),
    ],
)
def test_the_programs_of_a_device(told: Dumped, expected: tuple[XdpProgramObject, ...]) -> None:
    assert decode_xdp({"IFLA_XDP": told}, "eth0") == expected


@given(st.binary(max_size=100), st.integers())
def test_any_octets_are_a_value_or_none_never_an_exception(octets: bytes, count: int) -> None:
    assert decode_name(octets).isascii()
    assert len(decode_ids(octets, count)) <= len(octets) // 4
    found = decode_netfilter_link(octets, "")
    assert found is None or isinstance(found, NetfilterProgram)


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()) | st.integers())
def test_any_message_has_programs_or_none_never_an_exception(told: object) -> None:
    assert isinstance(decode_xdp({"IFLA_XDP": told}, "eth0"), tuple)
