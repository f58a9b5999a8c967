"""What is to be diagnosed while the API server is asked, and what it makes of that."""

import pytest

from edgediag.cli.asking import Assigned, LaterObjects
from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.discovery.source_file import SourceFile
from edgediag.errors import UsageError
from edgediag.model.statement import Gap
from edgediag.net.api_server import Asked
from node_files import Files
from rig import assigned
from story import target

SAID = SourceFile(path="https://198.51.100.6:6443/api/v1/nodes/edge-1", text="{}", written_s=1.0)
SILENT = Gap(reason="https://198.51.100.6:6443 does not answer", is_missing=False)
GIVEN = Given(stated=(), root="/", saved=())
FIRST, LAST = target("ntp-123"), target("registry-443")


class Server(Asked):
    """An API server in one state: what it gave, and whether it took a connection."""

    def __init__(self, *said: SourceFile | Gap, is_heard: bool = True, is_late: bool = False):
        self._objects = said
        self._is_taken = is_heard
        self._is_over = not is_late

    def has_come(self) -> bool:
        return self._is_over and SAID in self._objects

    def is_heard(self) -> bool:
        return self._is_taken

    def wait(self) -> None:
        self._is_over = True

    def objects(self) -> tuple[SourceFile | Gap, ...]:
        return self._objects


def assign(given: Given) -> Assigned:
    """What the server said makes another row of the matrix."""
    row = LAST if SAID in given.fetched else FIRST
    return Assigned(facts=discover(Files({}), given), assignment=assigned(row))


def known_to_the_server_alone(given: Given) -> Assigned:
    if SAID not in given.fetched:
        raise UsageError("no such row")
    return assign(given)


def known_to_the_disk_alone(given: Given) -> Assigned:
    if SAID in given.fetched:
        raise UsageError("no such row")
    return assign(given)


def test_what_comes_is_taken_once() -> None:
    later = LaterObjects(GIVEN, Server(SAID), assign)
    assert later.assignment().matrix.targets == (FIRST,)
    assert later.has_come()
    assert later.taken().matrix.targets == (LAST,)
    assert not later.has_come() and not later.comes_at_last()
    assert SILENT.reason not in later.facts().warnings


@pytest.mark.parametrize(
    ("server", "comes"),
    [
        pytest.param(Server(SAID, is_late=True), True, id="one that took a connection is"),
        pytest.param(Server(SAID, is_late=True, is_heard=False), False, id="a dark one is not"),
        pytest.param(Server(SILENT), False, id="one that says nothing of use has said all"),
    ],
)
def test_at_the_end_who_is_waited_for(server: Server, comes: bool) -> None:
    assert LaterObjects(GIVEN, server, assign).comes_at_last() is comes


def test_that_nothing_came_is_a_note() -> None:
    later = LaterObjects(GIVEN, Server(SILENT, is_heard=False), assign)
    assert not later.comes_at_last()
    assert SILENT.reason in later.facts().warnings
    assert later.assignment().matrix.targets == (FIRST,)


def test_a_row_that_the_server_alone_knows_is_waited_for() -> None:
    later = LaterObjects(GIVEN, Server(SAID, is_late=True), known_to_the_server_alone)
    assert later.assignment().matrix.targets == (LAST,)
    assert not later.has_come()
    with pytest.raises(UsageError):
        LaterObjects(GIVEN, Server(SILENT), known_to_the_server_alone)


def test_a_row_that_was_asked_for_stays_when_the_server_knows_none() -> None:
    later = LaterObjects(GIVEN, Server(SAID), known_to_the_disk_alone)
    assert later.taken().matrix.targets == (FIRST,)
    assert "leaves out rows" in " ".join(later.facts().warnings)
