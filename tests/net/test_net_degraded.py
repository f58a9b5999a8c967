"""What a refusal of the kernel becomes, whoever speaks to it."""

import errno
from collections.abc import Callable

import pytest
from pyroute2.netlink.exceptions import NetlinkError

from edgediag.model.answer import NotChecked
from edgediag.net.degraded import degraded


def refuses(error: Exception) -> Callable[[], tuple[()]]:
    def read() -> tuple[()]:
        raise error

    return read


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError(errno.EPERM, "not permitted"), id="of a system call"),
        pytest.param(NetlinkError(errno.EPERM), id="of a netlink message"),
    ],
)
def test_a_refusal_is_a_value_with_its_reason(error: Exception) -> None:
    assert degraded("links", refuses(error)) == NotChecked(reason="cannot read links: EPERM")


def test_what_is_read_is_given_back() -> None:
    assert degraded("links", lambda: (1, 2)) == (1, 2)


def test_a_mistake_of_ours_is_no_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        degraded("links", refuses(ZeroDivisionError()))
