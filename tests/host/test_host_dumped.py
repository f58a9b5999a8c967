"""Taking values out of a dumped message without trusting it."""

from ipaddress import ip_address

import pytest

from edgediag.host.dumped import Dumped, address, inner, number, words

MESSAGE: Dumped = {"n": 7, "w": "eth0", "i": {"kind": "veth"}, "a": "192.0.2.1"}


def test_values_are_taken_by_their_kind() -> None:
    taken = number(MESSAGE, "n"), words(MESSAGE, "w"), inner(MESSAGE, "i"), address(MESSAGE, "a")
    assert taken == (7, "eth0", {"kind": "veth"}, ip_address("192.0.2.1"))


@pytest.mark.parametrize("name", ["absent", "of another kind"])
def test_what_is_not_there_is_nothing(name: str) -> None:
    message: Dumped = {"of another kind": object()}
    taken = number(message, name), words(message, name), inner(message, name)
    assert (*taken, address(message, name)) == (0, "", {}, None)
