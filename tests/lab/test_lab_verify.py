"""The lab verifies itself: tools are bounded, proofs show faults, and wrong proofs do not."""

import os
import select
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from edgediag.lab import scenario
from edgediag.lab.network import Lab
from edgediag.lab.proof import Observation
from edgediag.lab.scenario import Proof
from edgediag.lab.verify import (
    KEPT_OCTETS,
    asks_healthy,
    command_of,
    observe,
    verify_scenario,
)
from edgediag.lab.verify_summary import describe, outcome

HEALTHY = scenario.load("healthy-since-1-26")
FAULT = scenario.load("remote-ike-down")
PLAIN = Proof(argv=("nc",), status=0)
CONTROL = replace(PLAIN, is_control=True)


def shell(script: str) -> tuple[str, ...]:
    return "sh", "-c", script


def test_both_streams_and_the_status_are_observed() -> None:
    seen = observe(shell("echo out; echo err >&2; exit 3"), 5.0)
    assert seen == Observation(status=3, output="out\nerr\n")


def test_ten_megabytes_are_read_and_64_kib_kept() -> None:
    seen = observe(shell("head -c 10000000 /dev/zero"), 5.0)
    assert seen == Observation(status=0, output=KEPT_OCTETS * "\0")


def test_octets_that_are_no_text_are_replaced() -> None:
    assert observe(shell(r"printf 'a\377'"), 5.0).output == "a\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("sleep 30", id="a tool that does not end"),
        pytest.param("cat /dev/zero", id="a tool that does not stop talking"),
        pytest.param("exec >&- 2>&-; sleep 30", id="a tool that has closed its streams"),
    ],
)
def test_a_tool_is_ended_at_its_limit(script: str) -> None:
    started_s = time.monotonic()
    seen = observe(shell(script), 0.2)
    assert (seen.status, time.monotonic() - started_s < 5.0) == (None, True)


def has_ended(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    return bool(select.select([descriptor], [], [], 5.0)[0])


def test_what_a_tool_left_running_ends_with_it() -> None:
    seen = observe(shell("sleep 30 >&- 2>&- & echo $!"), 5.0)
    assert (seen.status, has_ended(int(seen.output))) == (0, True)


@pytest.mark.parametrize(
    ("story", "proof", "expected"),
    [
        pytest.param(FAULT, PLAIN, True, id="a proof of a fault"),
        pytest.param(FAULT, CONTROL, True, id="a control of a fault"),
        pytest.param(HEALTHY, CONTROL, True, id="a control where nothing is wrong"),
        pytest.param(HEALTHY, PLAIN, False, id="an oddity where nothing is wrong"),
    ],
)
def test_the_healthy_lab_has_a_say_but_in_oddities(
    story: scenario.Scenario, proof: Proof, expected: bool
) -> None:
    assert asks_healthy(story, proof) is expected


def daemon_words(*words: str) -> tuple[str, ...]:
    launch = (sys.executable, "-m", "edgediag.lab.daemons.launch")
    return "sh", "-c", 'echo go | "$@"', "sh", *launch, *words


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param(
            ("sh", "-c", "true"),
            (sys.executable, "-m", "edgediag.lab.enter", "nosuchlab", "peer", "sh", "-c", "true"),
            id="an installed tool is run in the node",
        ),
        pytest.param(
            ("no-such-daemon", "-V"),
            daemon_words("nosuchlab", "peer", "no-such-daemon", "no-such-daemon", "-V"),
            id="an unpacked daemon is told to go where its files are laid over",
        ),
    ],
)
def test_how_a_proof_is_run(argv: tuple[str, ...], expected: tuple[str, ...]) -> None:
    proof = Proof(argv=argv, node="peer", status=0)
    assert command_of(Lab(prefix="nosuchlab"), proof) == expected


@pytest.mark.netns
@pytest.mark.parametrize(
    "name",
    [
        "local-nft-output-drop",
        "path-isp1-drops-api",
        "remote-ike-down",
        "path-v6-isp2-drops-api",
    ],
)
def test_a_fault_is_shown(name: str, prefixes: Iterator[str]) -> None:
    verification = verify_scenario(Lab(prefix=next(prefixes)), scenario.load(name))
    if outcome(verification) == "skipped":
        pytest.skip(describe(verification))
    assert outcome(verification) == "shown", describe(verification)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("proof", "expected"),
    [
        pytest.param(Proof(argv=("true",), status=1), "not-shown", id="wrong"),
        pytest.param(Proof(argv=("true",), status=0), "worthless", id="true of every lab"),
        pytest.param(Proof(argv=("no-such-tool",), status=0), "skipped", id="no such tool"),
    ],
)
def test_a_proof_of_nothing_is_not_shown(
    proof: Proof, expected: str, prefixes: Iterator[str]
) -> None:
    verification = verify_scenario(Lab(prefix=next(prefixes)), replace(FAULT, proofs=(proof,)))
    assert outcome(verification) == expected, describe(verification)


def test_without_what_the_injection_needs_a_scenario_is_skipped() -> None:
    story = replace(FAULT, requires=("no-such-tool",))
    assert outcome(verify_scenario(Lab(prefix="nosuchlab"), story)) == "skipped"
