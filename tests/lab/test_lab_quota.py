"""How often a gateway is asked in the worst of runs, counted at the gateway."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgediag.lab.injection import apply
from edgediag.lab.network import Lab
from edgediag.lab.steps import NftStep
from edgediag.session.quota import MAX_QUESTIONS

pytestmark = pytest.mark.netns

GATEWAY = "198.51.100.21"
# Their own three tries and one more of each leave no room for a ladder.
PORTS = (4500, *range(4510, 4534))

# Counted before anything drops it. A probe of a gateway that is silent sends no other datagrams.
COUNTING = f"""
table ip counting {{
    counter heard {{ }}
    chain early {{
        type filter hook prerouting priority raw;
        ip daddr {GATEWAY} meta l4proto udp counter name heard drop
    }}
}}
"""


@pytest.fixture(scope="module")
def lab(prefixes: Iterator[str]) -> Iterator[Lab]:
    """A gateway that takes every datagram and says nothing."""
    lab = Lab(prefix=next(prefixes))
    lab.up()
    apply(lab.prefix, NftStep(node="cloud", script=COUNTING))
    yield lab
    lab.down()


def heard(lab: Lab) -> int:
    """How many datagrams came to the gateway so far."""
    words = ("nft", "-j", "list", "counter", "ip", "counting", "heard")
    told = subprocess.run(lab.command("cloud", words), capture_output=True, text=True, check=True)
    return int(json.loads(told.stdout)["nftables"][-1]["counter"]["packets"])


def probed(lab: Lab, output: Path, ports: tuple[int, ...]) -> Any:
    """The report of a probe of these ports of the gateway."""
    urls = [f"ike://{GATEWAY}:{port}" for port in ports]
    words = ("probe", *urls, "--output", str(output), "--json")
    command = lab.edge_command((sys.executable, "-m", "edgediag", *words))
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return json.loads(ended.stdout)


def test_a_silent_gateway_is_asked_no_more_than_is_stated(lab: Lab, tmp_path: Path) -> None:
    report = probed(lab, tmp_path / "run", PORTS)
    kept = [line for line in report["warnings"] if "were not asked" in line]
    assert MAX_QUESTIONS // 2 < heard(lab) <= MAX_QUESTIONS
    assert len(kept) == 1 and f"the {MAX_QUESTIONS} IKE_SA_INIT" in kept[0], report["warnings"]
    # What was kept back is no silence: nobody is blamed for it.
    assert {check["status"] for check in report["checks"]} <= {"blocked", "undetermined"}
