"""Commands on the edge node by copies of a process that has loaded them already."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgediag.errors import CannotRunError
from edgediag.lab import loaded
from edgediag.lab.network import Lab

EXPLAIN = ("explain", "--to", "198.51.100.21", "--proto", "tcp", "--dport", "443", "--json")


@pytest.mark.parametrize("name", loaded.PRELOADED)
def test_what_is_loaded_before_can_be(name: str) -> None:
    # The loading process passes over a name that it cannot import, and says nothing.
    assert importlib.import_module(name).__name__ == name


@pytest.mark.netns
def test_a_copy_runs_on_the_edge_node_with_a_status_and_two_outputs(
    lab: Lab, tmp_path: Path
) -> None:
    said = loaded.run_on_edge(lab.prefix, EXPLAIN, folder=tmp_path, most_s=60.0)
    assert (json.loads(said.stdout)["flow"]["destination"], said.stderr) == ("198.51.100.21", "")


@pytest.mark.netns
def test_bad_words_are_refused_as_by_the_command_itself(lab: Lab, tmp_path: Path) -> None:
    ended = loaded.run_on_edge(lab.prefix, ("explian",), folder=tmp_path, most_s=60.0)
    assert (ended.status, ended.stdout, "explian" in ended.stderr) == (2, "", True)


@pytest.mark.netns
def test_a_copy_that_does_not_end_is_ended(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match="edgediag diagnose has not ended after 0.05 s"):
        loaded.run_on_edge(lab.prefix, ("diagnose",), folder=tmp_path, most_s=0.05)


@pytest.mark.netns
def test_without_a_lab_the_copy_says_so(prefixes: Iterator[str], tmp_path: Path) -> None:
    ended = loaded.run_on_edge(next(prefixes), EXPLAIN, folder=tmp_path, most_s=60.0)
    assert (ended.status, "edgediag lab: " in ended.stderr) == (4, True)
