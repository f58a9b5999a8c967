"""Routing is read whole for a copy, or the copy is not made."""

import errno
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import pytest

from edgediag.net import clone_routing
from edgediag.net.clone_routing import Routing, read_routing
from edgediag.net.netlink import Dump, Refusal

GET_ROUTE, AF_INET6 = 26, 10
EMPTY = Dump(messages=(), is_torn=False)
NOTHING = Routing(links=(), addresses=(), routes=(), rules={2: (), 10: ()}, neighbours=())


@dataclass
class Netlink:
    """A kernel whose tables are empty, but for what it says of some by type and family."""

    said: Mapping[tuple[int, int], Dump | Refusal] = field(default_factory=dict)

    def dump(self, type_: int, payload: bytes) -> Dump | Refusal:
        return self.said.get((type_, payload[0]), EMPTY)


def asked(monkeypatch: pytest.MonkeyPatch, said: Dump | Refusal) -> None:
    """Such is the answer to the question for the routes of IPv6."""
    kernel = Netlink({(GET_ROUTE, AF_INET6): said})

    def opened(protocol: int) -> AbstractContextManager[Netlink]:
        return nullcontext(kernel)

    monkeypatch.setattr(clone_routing, "NetlinkSocket", opened)


@pytest.mark.parametrize("name", ["EAFNOSUPPORT", "EOPNOTSUPP"])
def test_a_family_that_the_kernel_does_not_have_is_empty(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(monkeypatch, Refusal(errno_name=name, text=""))
    assert read_routing() == NOTHING


@pytest.mark.parametrize(
    ("said", "number"),
    [
        pytest.param(
            Refusal(errno_name="ENOBUFS", text=""), errno.ENOBUFS, id="more than there is room for"
        ),
        pytest.param(Refusal(errno_name="EPERM", text=""), errno.EPERM, id="it is forbidden"),
        pytest.param(Dump(messages=(), is_torn=True), errno.EAGAIN, id="it kept changing"),
    ],
)
def test_what_cannot_be_read_whole_is_not_taken_for_empty(
    said: Dump | Refusal, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(monkeypatch, said)
    with pytest.raises(OSError) as caught:
        read_routing()
    assert caught.value.errno == number
