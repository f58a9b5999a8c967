"""Network namespaces by name."""

import os
import threading
from collections.abc import Iterator

import pytest

from edgediag.errors import CannotRunError
from edgediag.lab import namespace

pytestmark = pytest.mark.netns


def here() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino


@pytest.fixture
def name(prefixes: Iterator[str]) -> Iterator[str]:
    name = f"{next(prefixes)}-edge"
    namespace.create(name)
    yield name
    namespace.remove(name)


def test_making_one_leaves_the_caller_where_it_was(prefixes: Iterator[str]) -> None:
    before, name = here(), f"{next(prefixes)}-edge"
    namespace.create(name)
    assert here() == before


def test_inside_is_elsewhere_and_afterwards_home(name: str) -> None:
    before = here()
    with namespace.entered(name):
        inside = here()
    assert (inside == os.stat(namespace.RUN_DIRECTORY / name).st_ino, here()) == (True, before)


def test_only_the_calling_thread_is_inside(name: str) -> None:
    found: list[int] = []
    is_inside = threading.Event()

    def look() -> None:
        is_inside.wait(5.0)
        found.append(here())

    bystander = threading.Thread(target=look)
    bystander.start()
    with namespace.entered(name):
        is_inside.set()
        bystander.join()
    assert found == [here()]


def test_an_error_inside_leads_home(name: str) -> None:
    before = here()
    with pytest.raises(ZeroDivisionError), namespace.entered(name):
        raise ZeroDivisionError
    assert here() == before


def test_a_removed_name_is_gone(name: str) -> None:
    namespace.remove(name)
    assert not namespace.exists(name)


def test_what_a_crash_left_can_be_removed(prefixes: Iterator[str]) -> None:
    name = f"{next(prefixes)}-edge"
    (namespace.RUN_DIRECTORY / name).touch()
    namespace.remove(name)
    assert not namespace.exists(name)


def test_an_unknown_name_is_said() -> None:
    with pytest.raises(CannotRunError, match="^cannot enter namespace nowhere-edge: there is none"):
        namespace.enter("nowhere-edge")
