"""Importing scapy costs the host nothing: no routes read, no cache written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import edgediag.wire.headers
from scapy.config import conf
print(len(conf.route.routes), len(conf.route6.routes))
"""


def import_headers(home: Path) -> str:
    """What a fresh interpreter prints about scapy's routes after the import."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "SUDO_")) and name != "SHELL"
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_writes_no_file_and_reads_no_routes(tmp_path: Path) -> None:
    printed = import_headers(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (printed, files) == ("0 0", [])


@pytest.mark.netns
def test_reads_no_routes_where_there_are_many(private_network: None, tmp_path: Path) -> None:
    routes = "\n".join(f"route add 198.18.{high}.0/24 dev lo" for high in range(200))
    subprocess.run(["ip", "-batch", "-"], input=routes, text=True, check=True)
    assert import_headers(tmp_path) == "0 0"


def test_neither_files_nor_filters_need_scapy() -> None:
    script = (
        "import sys, edgediag.wire.pcapng, edgediag.wire.bpf, edgediag.probes; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "scapy" not in {name.partition(".")[0] for name in done.stdout.split()}
