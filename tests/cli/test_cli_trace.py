"""`edgediag trace` and `edgediag probe` as they are typed on the edge node."""

import json
import subprocess
import sys

import pytest

from edgediag.lab.network import Lab
from edgediag.lab.scenario import load

pytestmark = pytest.mark.netns

TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def broken(lab: Lab) -> Lab:
    """The lab while the second ISP router drops UDP 4500."""
    lab.inject(load("path-isp2-drops-tunnel"))
    return lab


def typed(lab: Lab, *words: str) -> "subprocess.CompletedProcess[str]":
    command = lab.edge_command((sys.executable, "-m", "edgediag", *words, "--no-output", "-q"))
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)


def test_a_trace_marks_the_block_between_two_hops(broken: Lab) -> None:
    ended = typed(broken, "trace", "ike://198.51.100.21")
    lines = ended.stdout.splitlines()
    (mark,) = [number for number, line in enumerate(lines) if line.startswith("---")]
    assert (ended.returncode, lines[mark - 1][0], lines[mark + 1][0]) == (1, "3", "4")


def test_what_passes_is_walked_to_its_end(broken: Lab) -> None:
    ended = typed(broken, "trace", "--json", "tcp://198.51.100.10:6443")
    hops = json.loads(ended.stdout)["hops"]
    assert (ended.returncode, len(hops), hops[-1]["address"]) == (0, 5, "198.51.100.10")


def test_each_of_several_paths_is_walked(broken: Lab) -> None:
    urls = ("tcp://198.51.100.10:6443", "tcp://198.51.100.35:443", "tcp://198.51.100.35:80")
    document = json.loads(typed(broken, "trace", "--json", *urls).stdout)
    paths = (document, *document["others"])
    assert [(path["flow"]["port"], path["hops"][-1]["distance"]) for path in paths] == [
        (6443, 5),
        (443, 5),
        (80, 5),
    ]


def test_of_many_paths_that_work_the_last_are_asked_at_forks_alone(broken: Lab) -> None:
    services = ("10:6443", "20:10280", "22:10262", "30:443", "31:443", "33:443", "34:443", "35:443")
    urls = [f"tcp://198.51.100.{service}" for service in services]
    document = json.loads(typed(broken, "trace", "--json", *urls).stdout)
    paths = [path["hops"] for path in (document, *document["others"])]
    assert [path[-1]["distance"] for path in paths] == [5] * len(urls)
    assert {path[0]["address"] for path in paths} - {None} == {"192.168.50.1"}
    assert len([path for path in paths if all(hop["tries"] for hop in path)]) == 6
    parts = [[hop["distance"] for hop in path if hop["tries"]] for path in paths]
    # Where the six happened to take one of the two equal paths alone, no router is asked.
    assert {tuple(part) for part in parts if len(part) < 5} <= {(3, 5), (5,)}


def test_targets_of_ones_own_are_judged_as_any_other(broken: Lab) -> None:
    urls = ("ike://198.51.100.21", "tls://198.51.100.10:6443", "icmp://198.51.100.10")
    ended = typed(broken, "probe", "--json", *urls)
    checks = json.loads(ended.stdout)["checks"]
    found = {check["id"]: check["status"] for check in checks}
    assert (ended.returncode, found) == (
        1,
        {"ike-4500": "blocked", "tls-6443": "ok", "icmp": "ok"},
    )


def test_what_is_no_target_is_a_mistake_of_the_user(broken: Lab) -> None:
    ended = typed(broken, "trace", "gopher://198.51.100.21")
    assert (ended.returncode, ended.stdout) == (2, "")
