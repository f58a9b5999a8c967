"""Record the golden cases anew: break the lab, run the whole command, keep what it left.

Run as root from the top of the tree: `make golden`. Review every change of a recorded verdict.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from edgediag.lab.files import FACTS, edge_folder, facts_text
from edgediag.lab.network import Lab
from edgediag.lab.scenario import load
from edgediag.toml import tomllib

CAPTURES = Path("captures")
PREFIX = "edgediaggold"


def record(name: str, only: list[str]) -> None:
    """Run one scenario in a lab of its own, and put what is left into its folder."""
    lab, scenario, folder = Lab(prefix=PREFIX), load(name), CAPTURES / "cases" / name
    shutil.rmtree(folder, ignore_errors=True)
    lab.up()
    try:
        lab.inject(scenario)
        config = edge_folder(PREFIX) / "golden.toml"
        config.write_text(facts_text({**FACTS, **scenario.options}))
        words = [f"--only={wanted}" for wanted in only]
        command = (sys.executable, "-m", "edgediag", "diagnose", "--config", str(config))
        command = (*command, "--quiet", "--output", str(folder), *words)
        subprocess.run(lab.edge_command(command), stdout=subprocess.DEVNULL, check=False)
    finally:
        lab.down()
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)


if __name__ == "__main__":
    for case, checks in tomllib.loads((CAPTURES / "cases.toml").read_text()).items():
        print(case, flush=True)
        record(case, checks)
