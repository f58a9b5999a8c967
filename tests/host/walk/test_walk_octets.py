"""What can be said of a value of which some bits are not known."""

import pytest

from edgediag.host.walk.octets import (
    Octets,
    Truth,
    Unsure,
    both,
    either,
    equals,
    intersects,
    known,
    lies_between,
    masked,
    negated,
    unknown,
    within,
)

UNSURE = Unsure(reason="ttl")
NOTHING = unknown(1, "ttl")
SOMEBODY = within(known(b"\xc0\x00\x02\x01"), 24, "ttl")
HIGH_NIBBLE = Octets(value=b"\x40", known=b"\xf0", reason="ttl")


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        pytest.param(equals(known(b"\x01"), b"\x01"), True, id="equal"),
        pytest.param(equals(NOTHING, b"\x01"), UNSURE, id="nothing is known of it"),
        pytest.param(equals(HIGH_NIBBLE, b"\x51"), False, id="a known bit differs"),
        pytest.param(equals(HIGH_NIBBLE, b"\x41"), UNSURE, id="the known bits are the same"),
        pytest.param(lies_between(HIGH_NIBBLE, b"\x40", b"\x4f"), True, id="wholly within"),
        pytest.param(lies_between(HIGH_NIBBLE, b"\x45", b"\x60"), UNSURE, id="partly within"),
        pytest.param(lies_between(HIGH_NIBBLE, b"\x50", b"\x60"), False, id="wholly outside"),
        pytest.param(intersects(HIGH_NIBBLE, b"\xc0"), True, id="a known bit is set"),
        pytest.param(intersects(HIGH_NIBBLE, b"\x30"), False, id="known bits are not set"),
        pytest.param(intersects(HIGH_NIBBLE, b"\x31"), UNSURE, id="one of them is not known"),
        pytest.param(equals(SOMEBODY, b"\xc0\x00\x02\x07"), UNSURE, id="one of a network"),
        pytest.param(equals(SOMEBODY, b"\xc0\x00\x03\x07"), False, id="one of another network"),
        pytest.param(both(True, UNSURE), UNSURE, id="yes and perhaps"),
        pytest.param(both(UNSURE, False), False, id="perhaps and no"),
        pytest.param(either(UNSURE, True), True, id="perhaps or yes"),
        pytest.param(either(False, UNSURE), UNSURE, id="no or perhaps"),
        pytest.param(negated(UNSURE), UNSURE, id="not perhaps"),
    ],
)
def test_a_known_bit_decides_and_an_unknown_one_does_not(truth: Truth, expected: Truth) -> None:
    assert truth == expected


def test_a_bit_that_a_mask_takes_away_is_known() -> None:
    assert masked(NOTHING, b"\x00", b"\x05") == known(b"\x05")
    assert masked(HIGH_NIBBLE, b"\xf0", b"\x00") == known(b"\x40")
