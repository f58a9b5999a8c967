"""Filters at the ends of a device, from the octets that rtnetlink has for them."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, native32, nest, string
from edgediag.host.tc_filters import (
    CHOOSES,
    CLASSIC,
    LINKED,
    OF_OTHERS,
    AttachedFilter,
    decode_attached_filter,
    of_tcx,
    unlinked,
)
from edgediag.model.culprit import TcFilterObject

# struct tcmsg; the kind, its options and the chain (include/uapi/linux/rtnetlink.h).
KIND, OPTIONS, CHAIN = 1, 2, 11
NAME, FLAGS, ID = 7, 8, 11


def message(kind: str, *options: bytes, handle: int = 1, protocol: int = 3) -> bytes:
    ethertype = int.from_bytes(protocol.to_bytes(2, "big"), "little")
    header = struct.pack("=B3xiIII", 0, 2, handle, 0xFFFFFFF2, 10 << 16 | ethertype)
    return header + string(KIND, kind) + nest(OPTIONS, *options) + native32(CHAIN, 0)


def decoded(payload: bytes) -> AttachedFilter | None:
    return decode_attached_filter(payload, "eth0", "ingress")


def attached(kind: str, program: int, hindrance: str, name: str = "") -> AttachedFilter:
    return AttachedFilter(
        filter=TcFilterObject(
            interface="eth0",
            direction="ingress",
            classifier=kind,
            preference=10,
            handle=1,
            name=name,
        ),
        ethertype=0,
        chain=0,
        program=program,
        hindrance=hindrance,
    )


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(
            message("bpf", string(NAME, "guard"), native32(FLAGS, 1), native32(ID, 7)),
            attached("bpf", 7, "", "guard"),
            id="a program whose value is the verdict",
        ),
        pytest.param(
            message("bpf", native32(FLAGS, 0), native32(ID, 7)),
            attached("bpf", 7, CHOOSES),
            id="a program that only chooses",
        ),
        pytest.param(
            message("bpf", native32(FLAGS, 1)),
            attached("bpf", 0, CLASSIC),
            id="a program of classic BPF",
        ),
        pytest.param(
            message("route", attribute(NAME, b"\x01")),
            attached("route", 0, OF_OTHERS),
            id="another kind, whose attributes mean something else",
        ),
        pytest.param(message("u32", handle=0), None, id="the head of a preference"),
        pytest.param(b"\0" * 19, None, id="an octet short"),
    ],
)
def test_a_filter_is_read_with_what_it_runs(
    payload: bytes, expected: AttachedFilter | None
) -> None:
    assert decoded(payload) == expected


@pytest.mark.parametrize(("protocol", "ethertype"), [(3, 0), (0x0800, 0x0800), (0x0806, 0x0806)])
def test_a_filter_is_of_one_protocol_or_of_all(protocol: int, ethertype: int) -> None:
    found = decoded(message("u32", protocol=protocol))
    assert found is not None and found.ethertype == ethertype


def test_a_program_of_tcx_is_asked_of_every_frame() -> None:
    program = TcFilterObject(
        interface="eth0", direction="egress", classifier="tcx", preference=0, handle=9, name=""
    )
    assert of_tcx(program) == AttachedFilter(
        filter=program, ethertype=0, chain=0, program=9, hindrance=""
    )


# As Linux 6.18 listed: u32 match ip dport 6443 0xffff match ip protocol 6 0xff action mirred egress
# redirect; and before it the table in which it stands.
RECORDED = bytes.fromhex(
    "000000000300000000080080f3ffffff080000c0080001007533320008000b0000000000f00002003400"
    "0500010002000000000000000000000000000000ffff0000192b140000000000000000ff000000060000"
    "0800000000000000080002000000008008000b0008000000a8000700a40001000b0001006d6972726564"
    "000044000400140001000000000000000000000000000000000014000700000000000000000000000000"
    "0000000018000300000000000000000000000000000000000000000008000a0000000000480002002000"
    "020001000000000000000400000001000000010000000100000002000000240001003400000000000000"
    "340000000000000000000000000000000000000000000000"
)
TABLE = bytes.fromhex(
    "000000000300000000000080f3ffffff080000c0080001007533320008000b00000000000c00020008000400"
    "01000000"
)


def test_a_filter_of_u32_is_read_with_its_keys_and_actions() -> None:
    found = decoded(RECORDED)
    assert found is not None
    keys, actions = ([each.words for each in part] for part in (found.keys, found.actions))
    assert (found.hindrance, found.ethertype, keys, actions) == (
        "",
        0x0800,
        ["match 0000192b/0000ffff at 20", "match 00060000/00ff0000 at 8"],
        ["mirred (Egress Redirect to device 2)"],
    )


def test_a_table_of_u32_is_no_filter() -> None:
    assert decoded(TABLE) is None


def test_beside_a_table_that_leads_to_another_none_is_read() -> None:
    one = decoded(RECORDED)
    assert one is not None
    far = replace(one, filter=replace(one.filter, preference=9))
    found = unlinked([one, replace(one, hindrance=LINKED), far])
    assert [each.hindrance for each in found] == [LINKED, LINKED, ""]


@given(octets=st.binary(max_size=200))
def test_whatever_comes_is_a_filter_or_none(octets: bytes) -> None:
    assert decoded(octets) is None or isinstance(decoded(octets), AttachedFilter)
