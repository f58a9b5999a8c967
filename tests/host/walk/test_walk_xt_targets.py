"""iptables' targets on the connection: how packet and connection are marked behind them."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgediag.cli.explain import Sender, parcel_of
from edgediag.host.netfilter.statement import XtTarget
from edgediag.host.walk.effects import Fate, apply_target
from edgediag.host.walk.octets import Octets, native_number, unknown
from edgediag.host.walk.parcel import CtState, Parcel
from story import flow

SENDER = Sender(mark=0x46, uid=0, gid=0, state=CtState.NEW)
EARLY = parcel_of(flow(), SENDER)
PARCEL = replace(EARLY, is_tracked=True, ct_mark=native_number(0x81))
WHOLE = 0xFFFFFFFF
SHIFTED = unknown(4, "a mark that is shifted")


def connmark(numbers: tuple[int, int, int], mode: int, shift: int = 0) -> XtTarget:
    info = struct.pack("=IIIBBB", *numbers, 0, shift, mode)
    return XtTarget(name="CONNMARK", revision=2, info=info)


@pytest.mark.parametrize(
    ("target", "mark", "ct_mark"),
    [
        pytest.param(connmark((0x10, 0xF0, 0), 0), 0x46, native_number(0x11), id="set"),
        pytest.param(connmark((0, WHOLE, WHOLE), 1), 0x46, native_number(0x46), id="save"),
        pytest.param(connmark((0, 0x0F, 0x06), 1), 0x46, native_number(0x86), id="save a part"),
        pytest.param(connmark((0, WHOLE, WHOLE), 2), 0x81, native_number(0x81), id="restore"),
        pytest.param(connmark((0, 0x01, 0x03), 2), 0x45, native_number(0x81), id="restore a part"),
        pytest.param(connmark((0, WHOLE, WHOLE), 1, 8), 0x46, SHIFTED, id="a shift is not read"),
    ],
)
def test_marks_of_the_packet_and_of_its_connection(
    target: XtTarget, mark: int, ct_mark: Octets
) -> None:
    effect = apply_target(target, PARCEL)
    assert effect.fate is Fate.GOES_ON
    assert effect.parcel == replace(PARCEL, mark=native_number(mark), ct_mark=ct_mark)


@pytest.mark.parametrize(
    ("target", "parcel", "state"),
    [
        pytest.param(XtTarget(name="NOTRACK", revision=0, info=b""), EARLY, CtState.UNTRACKED,
                     id="NOTRACK"),
        pytest.param(XtTarget(name="CT", revision=2, info=b"\1\0"), EARLY, CtState.UNTRACKED,
                     id="CT --notrack"),
        pytest.param(XtTarget(name="CT", revision=2, info=b"\1\0"), PARCEL, CtState.NEW,
                     id="too late"),
        pytest.param(connmark((1, WHOLE, 0), 0), EARLY, CtState.NEW, id="no connection to mark"),
    ],
)  # fmt: skip
def test_a_packet_goes_on_and_only_its_state_is_another(
    target: XtTarget, parcel: Parcel, state: CtState
) -> None:
    effect = apply_target(target, parcel)
    after = replace(parcel, state=state, was_new=state is CtState.UNTRACKED)
    assert (effect.parcel, effect.fate) == (after, Fate.GOES_ON)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(XtTarget(name="CT", revision=2, info=b"\0\0"), id="a zone or a helper"),
        pytest.param(connmark((0, 0, 0), 9), id="a mode that is not known"),
        pytest.param(XtTarget(name="CONNMARK", revision=2, info=b"\1"), id="too short"),
        pytest.param(XtTarget(name="SET", revision=3, info=bytes(24)), id="a set is changed"),
    ],
)
def test_what_is_not_followed_is_not_decided(target: XtTarget) -> None:
    assert apply_target(target, PARCEL).fate is Fate.UNDECIDED


@given(
    st.sampled_from([("CT", 2), ("CONNMARK", 1), ("CONNMARK", 2), ("NOTRACK", 0)]),
    st.binary(max_size=80),
)
def test_any_octets_have_an_effect(key: tuple[str, int], info: bytes) -> None:
    effect = apply_target(XtTarget(name=key[0], revision=key[1], info=info), PARCEL)
    assert effect.fate in (Fate.GOES_ON, Fate.UNDECIDED)
