"""A lab of the tests' own, under a prefix that no other process uses."""

import os
import re
from collections.abc import Iterator

import pytest

from edgediag.lab import state
from edgediag.lab.network import Lab

OWN_PREFIX = re.compile(r"test(\d+)x\d+")


@pytest.fixture(scope="session")
def prefixes() -> Iterator[Iterator[str]]:
    """Prefixes for labs; all are taken down at the end, and what killed runs left before."""
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    _sweep()
    given: list[str] = []

    def give() -> Iterator[str]:
        while True:
            given.append(f"test{os.getpid()}x{len(given)}")
            yield given[-1]

    yield give()
    for prefix in given:
        Lab(prefix=prefix).down()


@pytest.fixture(scope="module")
def lab(prefixes: Iterator[str]) -> Iterator[Lab]:
    """A lab that is up; a test that breaks it mends it."""
    lab = Lab(prefix=next(prefixes))
    lab.up()
    yield lab
    lab.down()


def _sweep() -> None:
    """Labs of test runs that are no more."""
    for folder in state.ROOT.glob("test*"):
        match = OWN_PREFIX.fullmatch(folder.name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            Lab(prefix=folder.name).down()
