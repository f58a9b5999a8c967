"""The sets of ipset come out of one namespace and into another as they were."""

import re
import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from edgediag.model.answer import NotChecked
from edgediag.net import clone_ipset
from edgediag.net.clone_ipset import make_sets, read_sets
from edgediag.net.netlink import Dump, Refusal

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

SETS = (
    "ipset create masked hash:ip netmask 24",
    "ipset add masked 198.51.100.7",
    "ipset create wide hash:ip family inet6 netmask 64",
    "ipset add wide 2001:db8::1",
    "ipset create map bitmap:ip range 192.0.2.0/24 netmask 28",
    "ipset add map 192.0.2.17",
    "ipset create ports hash:ip,port bucketsize 14",
    "ipset add ports 198.51.100.7,udp:4500",
    "ipset create pairs hash:ip,port,ip",
    "ipset add pairs 192.0.2.1,udp:4500,198.51.100.2",
)


@pytest.mark.netns
@pytest.mark.skipif(shutil.which("ipset") is None, reason="needs ipset to make the sets")
@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(SETS, id="with masks, ranges and second addresses"),
        pytest.param(
            (
                "ipset create holed hash:ip bitmask 255.255.0.255",
                "ipset add holed 198.51.100.7",
                "ipset create holed6 hash:ip family inet6 bitmask ffff:ffff::ffff",
                "ipset add holed6 2001:db8::1",
            ),
            id="with masks that are addresses",
        ),
    ],
)
def test_sets_are_the_same_in_the_copy(commands: tuple[str, ...], two_nodes: "TwoNodes") -> None:
    here, there = two_nodes.node, two_nodes.peer
    if "bitmask" in commands[0] and "bitmask" not in here.output("ipset help hash:ip"):
        pytest.skip("needs an ipset that knows bitmask (7.16)")
    here.run(*commands)
    with here.inside():
        sets = read_sets()
    assert not isinstance(sets, NotChecked)
    with there.inside():
        assert make_sets(sets) is None
    saved = [re.sub(r"initval \S+", "", node.output("ipset save")) for node in (here, there)]
    assert len(saved[0].splitlines()) == len(commands)
    assert saved[0] == saved[1]


def test_where_there_is_no_ipset_nobody_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unasked(protocol: int) -> NoReturn:
        pytest.fail(f"netlink protocol {protocol} is asked")

    monkeypatch.setattr(clone_ipset, "_MODULE", tmp_path / "ip_set")
    monkeypatch.setattr(clone_ipset, "NetlinkSocket", unasked)
    assert read_sets() == ()


class Netlink:
    """A kernel that gives one answer."""

    def __init__(self, said: Dump | Refusal) -> None:
        self._said = said

    def dump(self, type_: int, payload: bytes) -> Dump | Refusal:
        return self._said


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(
            Dump(messages=(), is_torn=True),
            "the sets of ipset kept changing while they were read",
            id="torn",
        ),
        pytest.param(
            Refusal(errno_name="EPERM", text=""),
            "the sets of ipset cannot be read: EPERM",
            id="forbidden",
        ),
    ],
)
def test_what_cannot_be_read_whole_is_not_taken_for_empty(
    said: Dump | Refusal, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(protocol: int) -> AbstractContextManager[Netlink]:
        return nullcontext(Netlink(said))

    monkeypatch.setattr(clone_ipset, "_MODULE", tmp_path)
    monkeypatch.setattr(clone_ipset, "NetlinkSocket", opened)
    assert read_sets() == NotChecked(reason=reason)
