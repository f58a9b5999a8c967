"""Whether a key of which a part is not known is in a set."""

import pytest

from edgediag.host.netfilter.chains import Element, SetContents
from edgediag.host.walk.membership import find
from edgediag.host.walk.octets import Octets, Truth, Unsure, joined, known, within

SOMEBODY = within(known(b"\xc0\0\2\1"), 24, "who sends it")
TO_443 = joined((SOMEBODY, known(b"\1\xbb\0\0")))
UNSURE = Unsure(reason="who sends it")


def element(first: bytes, last: bytes) -> Element:
    return Element(first=first, last=last, data=b"", verdict=None, condition="")


@pytest.mark.parametrize(
    ("key", "of", "fields", "expected"),
    [
        pytest.param(
            TO_443, element(b"\xc0\0\2\1\0\x50\0\0", b"\xc0\0\2\1\0\x50\0\0"), (4, 2), False,
            id="of one pair the port is another",
        ),
        pytest.param(
            TO_443, element(b"\xc0\0\2\1\1\xbb\0\0", b"\xc0\0\2\1\1\xbb\0\0"), (4, 2), UNSURE,
            id="of one pair the port is this one",
        ),
        pytest.param(
            TO_443, element(b"\xc0\0\2\1\0\x50\0\0", b"\xc0\0\2\2\0\x50\0\0"), (4, 2), False,
            id="of several pairs the port is another",
        ),
        pytest.param(
            TO_443, element(b"\xc0\0\2\0\1\xbb\0\0", b"\xc0\0\2\xff\1\xbb\0\0"), (4, 2), True,
            id="all of the network with this port",
        ),
        pytest.param(
            SOMEBODY, element(b"\xc0\0\2\1", b"\xc0\0\2\1"), (), UNSURE, id="one of the network"
        ),
        pytest.param(
            SOMEBODY, element(b"\xc0\0\3\1", b"\xc0\0\3\1"), (), False, id="one of another"
        ),
        pytest.param(
            known(b"\xc0\0\2\1"), element(b"\xc0\0\2\1", b"\xc0\0\2\1"), (), True, id="the very one"
        ),
    ],
)
def test_a_key_and_one_element(
    key: Octets, of: Element, fields: tuple[int, ...], expected: Truth
) -> None:
    assert find(key, SetContents(fields=fields, elements=(of,))).is_member == expected
