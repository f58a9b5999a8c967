"""How long the site router keeps an idle mapping, found out from the edge node."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgediag.lab.injection import apply
from edgediag.lab.network import Lab
from edgediag.lab.steps import NftStep, ServiceStep, SysctlStep
from edgediag.tunnel.idle import FIRST_TRIALS

pytestmark = pytest.mark.netns

GATEWAY = "198.51.100.21"
FULLY_RANDOM = """
flush chain ip nat postrouting
add rule ip nat postrouting oifname "wan" masquerade fully-random
"""


@pytest.fixture(scope="module")
def lab(prefixes: Iterator[str]) -> Iterator[Lab]:
    """A gateway that says from where it sees the client, behind a router that draws ports."""
    lab = Lab(prefix=next(prefixes))
    lab.up()
    apply(lab.prefix, ServiceStep(node="cloud", service="raven-tunnel", mode="tells-origin"))
    apply(lab.prefix, NftStep(node="cpe", script=FULLY_RANDOM))
    yield lab
    lab.down()


def keep(lab: Lab, seconds: int) -> None:
    """The site router keeps idle mappings so long."""
    for key in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
        apply(
            lab.prefix, SysctlStep(node="cpe", key=f"net.netfilter.{key}", value=str(seconds))
        )


def probed(lab: Lab, output: Path, *options: str) -> Any:
    """The report of a probe of the gateway."""
    words = ("probe", f"ike://{GATEWAY}", "--output", str(output), "--json", *options)
    command = lab.edge_command((sys.executable, "-m", "edgediag", *words))
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    report = json.loads(ended.stdout)
    # A mapping that a tunnel's silence outlives is a degradation.
    (check,) = report["checks"]
    assert (ended.returncode, check["status"]) in ((0, "ok"), (1, "degraded")), ended.stderr
    return report


def test_a_mapping_that_is_forgotten_after_four_seconds(lab: Lab, tmp_path: Path) -> None:
    keep(lab, 4)
    report = probed(lab, tmp_path / "run", "--nat-timeout", "16")
    told = report["nat_timeout"]
    assert told["gateway"] == GATEWAY
    assert told["at_least_s"] <= 4.1
    assert told["less_than_s"] == pytest.approx(4.0, abs=0.6)
    assert told["less_than_s"] - told["at_least_s"] <= 0.6
    assert report["run"]["duration_s"] < 26
    (check,) = report["checks"]
    assert check["verdict"]["mechanism"] == "nat-timeout"


def test_a_mapping_that_lives_longer_than_was_tried(lab: Lab, tmp_path: Path) -> None:
    keep(lab, 30)
    told = probed(lab, tmp_path / "run", "--nat-timeout", "6")["nat_timeout"]
    assert [trial["kept"] for trial in told["trials"]] == ["yes"] * FIRST_TRIALS
    assert (told["at_least_s"], told["less_than_s"]) == (None, None)
    assert "or the translator gives the same port again" in told["reason"]


def test_a_gateway_that_does_not_tell_leaves_it_unknown(lab: Lab, tmp_path: Path) -> None:
    apply(lab.prefix, ServiceStep(node="cloud", service="raven-tunnel", mode="normal"))
    told = probed(lab, tmp_path / "run", "--nat-timeout", "2")["nat_timeout"]
    assert {trial["kept"] for trial in told["trials"]} == {"not-checked"}
    assert "an answer comes back through a new mapping as well" in told["reason"]


def test_what_nobody_asks_for_is_not_in_the_report(lab: Lab, tmp_path: Path) -> None:
    assert "nat_timeout" not in probed(lab, tmp_path / "run")
