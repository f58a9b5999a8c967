"""The demonstration: build the lab, break it, diagnose it, hold the verdict against the truth.

Run as `python -m edgediag.lab.demo`; needs root.
"""

import os
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from edgediag.errors import EdgediagError
from edgediag.lab.network import Lab
from edgediag.lab.run import Result, run_scenario
from edgediag.lab.scenario import load
from edgediag.lab.score import Grade
from edgediag.lab.summary import describe

SCENARIO = "path-isp2-drops-tunnel"
PREFIX = "edgediagdemo"
CAPTURE = "capture.pcapng"


def main() -> int:
    """0 if the verdict is right, 1 if it is not, 4 if the lab cannot be built."""
    if os.geteuid() != 0:
        print("the demonstration needs root, because it builds network namespaces", file=sys.stderr)
        return 4
    scenario = load(SCENARIO)
    output = Path("captures", f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-demo")
    print(f"Building the lab (namespaces {PREFIX}-*) and breaking it:")
    print(f"  {scenario.claim}.")
    print("Running edgediag diagnose inside the edge node ...\n", flush=True)
    started_s = time.monotonic()
    result = run_scenario(Lab(prefix=PREFIX), scenario, output)
    took_s = time.monotonic() - started_s
    if result.score is None:
        print(f"edgediag: {result.problem}", file=sys.stderr)
        return 4
    _show(result, took_s)
    return 0 if result.score.grade is Grade.RIGHT else 1


def _show(result: Result, took_s: float) -> None:
    command = (sys.executable, "-m", "edgediag", "replay", str(result.output))
    subprocess.run(command, check=False)
    print("TRUTH BESIDE VERDICT", flush=True)
    print(describe(result))
    print(f"\nThe capture is {result.output / CAPTURE}; every packet in it has a comment.")
    print(f"The lab is gone again; building, diagnosis and removal took {took_s:.1f} s.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgediagError as exc:
        sys.exit(f"edgediag: {exc}")
