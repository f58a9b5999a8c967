"""Base chains and sets from exact octets, and from any octets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, nest, string
from edgediag.host.netfilter.base_chain import (
    decode_base_chain,
    decode_contents,
    decode_dormant,
    decode_fields,
    is_at_device,
)
from edgediag.host.netfilter.chains import (
    Backend,
    BaseChain,
    ChainName,
    DeviceName,
    Element,
    SetContents,
)
from edgediag.host.netfilter.statement import Verdict

HEAD = struct.pack("=BBH", 1, 0, 0)
NAMED = string(1, "t") + string(3, "c")


def test_a_base_chain_with_a_priority_below_zero() -> None:
    octets = HEAD + NAMED + nest(4, big32(1, 3), big32(2, -150)) + string(7, "route") + big32(5, 0)
    assert decode_base_chain(octets) == BaseChain(
        name=ChainName(backend=Backend.NFT, family="inet", table="t", chain="c"),
        hook="output",
        priority=-150,
        type_="route",
        policy="drop",
        devices=(),
    )


def test_a_chain_of_the_users_own_is_none() -> None:
    assert decode_base_chain(HEAD + NAMED) is None


def test_a_device_of_a_hook_and_those_of_a_list_are_told_alike() -> None:
    hook = nest(4, big32(1, 0), big32(2, 0), string(3, "eth0"), nest(4, string(2, "up")))
    chain = decode_base_chain(HEAD + NAMED + hook + big32(5, 1))
    assert chain is not None
    assert chain.devices == (
        DeviceName(name="eth0", is_prefix=False),
        DeviceName(name="up", is_prefix=True),
    )


def at_devices(*devices: bytes) -> BaseChain:
    octets = HEAD + NAMED + nest(4, big32(1, 0), big32(2, 0), nest(4, *devices)) + big32(5, 1)
    chain = decode_base_chain(octets)
    assert chain is not None
    return chain


@pytest.mark.parametrize(
    ("devices", "name", "expected"),
    [
        pytest.param((string(1, "eth0"),), "eth0", True, id="its name"),
        pytest.param((string(1, "eth"),), "eth0", False, id="a name is no beginning"),
        pytest.param((attribute(2, b"eth"),), "eth0", True, id="a beginning (Linux 6.17)"),
        pytest.param((string(2, "eth"),), "eth", True, id="which the whole may be"),
        pytest.param((string(2, "eth"),), "enp1s0", False, id="another beginning"),
        pytest.param((string(1, "up0"), string(2, "eth")), "eth1", True, id="one of several"),
        pytest.param((), "eth0", False, id="no device"),
    ],
)
def test_the_devices_of_a_chain(devices: tuple[bytes, ...], name: str, expected: bool) -> None:
    assert is_at_device(at_devices(*devices), name) is expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param(big32(2, 1), ("inet", "t"), id="dormant"),
        pytest.param(big32(2, 1 | 2), ("inet", "t"), id="dormant and owned"),
        pytest.param(big32(2, 2), None, id="owned"),
        pytest.param(b"", None, id="no flags"),
    ],
)
def test_a_table_that_is_dormant(flags: bytes, expected: tuple[str, str] | None) -> None:
    assert decode_dormant(HEAD + string(1, "t") + flags) == expected


def test_the_parts_of_a_concatenated_key() -> None:
    parts = nest(2, nest(1, big32(1, 4)), nest(1, big32(1, 2)))
    assert decode_fields(HEAD + nest(9, parts)) == (4, 2)


def test_a_verdict_map_with_a_limit_of_its_own() -> None:
    verdict = nest(2, nest(2, big32(1, 0)))
    element = nest(1, nest(1, attribute(1, b"\x11\x94")), verdict, nest(7, string(1, "limit")))
    assert decode_contents(HEAD, [HEAD + nest(3, element)]) == SetContents(
        fields=(),
        elements=(
            Element(
                first=b"\x11\x94",
                last=b"\x11\x94",
                data=b"",
                verdict=Verdict(code=0, chain=""),
                condition="limit",
            ),
        ),
    )


def test_a_map_whose_ranges_leave_nothing_out_has_no_end_at_all() -> None:
    def element(key: bytes, code: int) -> bytes:
        return nest(1, nest(1, attribute(1, key)), nest(2, nest(2, big32(1, code))))

    described = HEAD + string(2, "m") + big32(3, 0x4 | 0x8)
    elements = nest(3, element(b"\0\0", 0), element(b"\x80\0", 1))
    found = decode_contents(described, [HEAD + elements]).elements
    assert [(item.first, item.last) for item in found] == [
        (b"\0\0", b"\x7f\xff"),
        (b"\x80\0", b"\xff\xff"),
    ]


@given(st.binary(max_size=96))
def test_any_octets_give_a_value_or_none_never_an_exception(octets: bytes) -> None:
    decode_base_chain(HEAD + octets)
    decode_dormant(HEAD + octets)
    decode_fields(HEAD + octets)
    decode_contents(HEAD + octets, [HEAD + octets])
