"""`edgediag lab` as it is typed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgediag.lab import scenario
from edgediag.lab.network import Lab


def edgediag(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edgediag", "lab", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def prefix(prefixes: Iterator[str]) -> Iterator[str]:
    """A lab's prefix; `verify` puts the number of its worker behind it."""
    prefix = next(prefixes)
    yield prefix
    for name in (prefix, f"{prefix}1"):
        Lab(prefix=name).down()


def test_list_shows_every_scenario_with_its_claim() -> None:
    lines = edgediag("list").stdout.splitlines()
    assert [line.split()[1] for line in lines] == list(scenario.names())


def test_list_is_json_for_programs() -> None:
    stories = json.loads(edgediag("list", "--json").stdout)
    assert [set(story) for story in stories] == [{"name", "family", "claim", "why"}] * len(stories)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ("run",),
            "edgediag: name a scenario, or give --all or --family; see",
            id="nothing to run",
        ),
        pytest.param(
            ("run", "--family", "odd"),
            "edgediag: unknown family 'odd'; known: healthy, local, on-path, remote, two-at-once",
            id="unknown family",
        ),
        pytest.param(
            ("verify",),
            "edgediag: name a scenario, or give --all or --family; see",
            id="nothing to verify",
        ),
        pytest.param(
            ("inject", "nonsense"), "edgediag: unknown scenario 'nonsense'", id="unknown scenario"
        ),
        pytest.param(("up", "--prefix", "a/b"), "edgediag: cannot use prefix 'a/b'", id="prefix"),
    ],
)
def test_a_usage_error_is_one_sentence_and_status_2(words: tuple[str, ...], message: str) -> None:
    ended = edgediag(*words)
    assert (ended.returncode, ended.stderr[: len(message)]) == (2, message)


@pytest.mark.netns
def test_a_lab_lives_and_dies_by_commands(prefix: str) -> None:
    said = [
        edgediag(*words, "--prefix", prefix)
        for words in (("up",), ("inject", "remote-ike-down"), ("clear",), ("down",))
    ]
    assert [ended.returncode for ended in said] == [0, 0, 0, 0]
    assert [ended.stdout.splitlines()[0] for ended in said[1:]] == [
        "injected: The gateway's IKE daemon is not running",
        f"lab {prefix} is as it was",
        f"lab {prefix} is gone",
    ]


@pytest.mark.netns
def test_a_command_runs_on_the_node_that_is_named(prefix: str) -> None:
    Lab(prefix=prefix).up()
    ended = edgediag("shell", "--prefix", prefix, "--node", "cloud", "--", "ls", "/sys/class/net")
    assert ended.stdout.split() == ["eth0", "lo"]


@pytest.mark.netns
def test_what_is_not_up_cannot_be_broken(prefix: str) -> None:
    ended = edgediag("inject", "remote-ike-down", "--prefix", prefix)
    assert (ended.returncode, ended.stderr) == (
        4,
        f"edgediag: cannot use lab {prefix}: it is not up; edgediag lab up\n",
    )


NO_PROOF = 'claim = "c"\nfamily = "healthy"\nwhy = "w"\n'
PROOF = NO_PROOF + '[[proof]]\nargv = ["true"]\nstatus = 0\n'


@pytest.mark.netns
@pytest.mark.parametrize(
    ("text", "status", "outcome"),
    [
        pytest.param(PROOF, 0, "shown", id="shown"),
        pytest.param(NO_PROOF, 1, "not-shown", id="not shown"),
        pytest.param(PROOF.replace("true", "no-such-tool"), 3, "skipped", id="a tool is missing"),
    ],
)
def test_a_scenario_is_verified(
    text: str, status: int, outcome: str, prefix: str, tmp_path: Path
) -> None:
    story = tmp_path / "own.toml"
    story.write_text(text)
    ended = edgediag("verify", str(story), "--json", "--prefix", prefix)
    said = [(one["scenario"], one["outcome"]) for one in json.loads(ended.stdout)]
    assert (ended.returncode, said) == (status, [("own", outcome)])


@pytest.mark.netns
def test_a_lab_that_cannot_be_broken_is_status_4(prefix: str, tmp_path: Path) -> None:
    story = tmp_path / "own.toml"
    step = '[[inject]]\naction = "command"\nnode = "edge"\nargv = ["ip", "nonsense"]\n'
    story.write_text(PROOF.replace("[[proof]]", step + "[[proof]]"))
    ended = edgediag("verify", str(story), "--prefix", prefix)
    assert (ended.returncode, ended.stdout.split()[0]) == (4, "failed")
