"""`edgediag diagnose` as it is typed on the edge node, and what it leaves behind."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from edgediag.lab import fingerprint, namespace
from edgediag.lab.files import edge_folder
from edgediag.lab.network import Lab
from edgediag.lab.scenario import load

pytestmark = pytest.mark.netns

TIMEOUT_S = 60.0


@pytest.fixture
def broken(lab: Lab) -> Iterator[Lab]:
    """The lab while the second ISP router drops UDP 4500."""
    lab.inject(load("path-isp2-drops-tunnel"))
    yield lab
    lab.clear()


@pytest.fixture
def dropping(lab: Lab) -> Iterator[Lab]:
    """The lab while its edge node drops UDP 4500."""
    lab.inject(load("local-nft-output-drop"))
    yield lab
    lab.clear()


def command_line(lab: Lab, *words: str) -> list[str]:
    config = edge_folder(lab.prefix) / "edge.toml"
    command = (sys.executable, "-m", "edgediag", "diagnose", "--config", str(config), *words)
    return lab.edge_command(command)


def diagnose(lab: Lab, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command_line(lab, *words), capture_output=True, text=True, timeout=TIMEOUT_S
    )


def without_counters(fingerprints: dict[str, str]) -> dict[str, list[str]]:
    """Neighbour entries come and go with any packet; nothing else may."""
    return {
        node: [line for line in text.splitlines() if not line.startswith("neighbour")]
        for node, text in fingerprints.items()
    }


def test_a_healthy_node_passes_with_a_valid_report_and_no_other_word(
    lab: Lab, tmp_path: Path
) -> None:
    ended = diagnose(lab, "--json", "--output", str(tmp_path / "run"))
    schema = resources.files("edgediag.report").joinpath("report.schema.json").read_text()
    jsonschema.validate(json.loads(ended.stdout), json.loads(schema))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_fault_is_status_1_and_stands_first(broken: Lab) -> None:
    ended = diagnose(broken, "--no-output")
    assert ended.returncode == 1
    assert ended.stdout.index("ROOT CAUSES") < ended.stdout.index("CHECKS")
    assert "ON-PATH between 203.0.113." in ended.stdout


def test_the_evidence_is_whole_and_judged_alike_offline(broken: Lab, tmp_path: Path) -> None:
    live = json.loads(diagnose(broken, "--json", "--output", str(tmp_path / "run")).stdout)
    command = [sys.executable, "-m", "edgediag", "replay", "--json", str(tmp_path / "run")]
    again = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert again.returncode == 1
    assert json.loads(again.stdout)["checks"] == live["checks"]
    assert sorted(item.name for item in (tmp_path / "run").iterdir()) == [
        "capture.pcapng",
        "evidence.json",
        "report.json",
    ]


def test_wireshark_shows_why_each_packet_was_sent(broken: Lab, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    diagnose(broken, "--quiet", "--output", str(tmp_path / "run"))
    command = ["tshark", "-r", str(tmp_path / "run" / "capture.pcapng"), "-T", "fields"]
    fields = ["-e", "frame.interface_name", "-e", "frame.comment", "-Y", "udp.dstport == 4500"]
    read = subprocess.run(command + fields, capture_output=True, text=True, timeout=TIMEOUT_S)
    lines = read.stdout.splitlines()
    assert {line.split("\t")[0] for line in lines} == {"ip-stack", "eth0 tap"}
    assert all("check raven-tunnel-4500" in line for line in lines)
    assert any("ladder ike-sa-init by raw-ip, hop limit 4" in line for line in lines)
    assert any("verdict: blocked, on-path, silent-drop" in line for line in lines)


def test_nothing_of_any_node_is_changed(broken: Lab) -> None:
    before = without_counters(fingerprint.take(broken.prefix))
    diagnose(broken, "--no-output")
    assert without_counters(fingerprint.take(broken.prefix)) == before


def test_no_connection_stays_half_open_on_the_servers(lab: Lab) -> None:
    diagnose(lab, "--no-output")
    words = ["ip", "netns", "exec", f"{lab.prefix}-cloud", "ss", "-Htn", "state", "syn-recv"]
    listed = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert listed.stdout == ""


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("sent", id="while checks wait for answers"),
        pytest.param("expired", id="while ladders are climbed"),
    ],
)
def test_an_interrupted_run_leaves_its_evidence_and_blames_nobody(
    broken: Lab, tmp_path: Path, moment: str
) -> None:
    before = counters(broken)
    words = command_line(broken, "--json", "--output", str(tmp_path / "run"))
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    await_rise(broken, moment, before)
    running.send_signal(signal.SIGINT)
    stdout, _ = running.communicate(timeout=TIMEOUT_S)
    report = json.loads(stdout)
    assert running.returncode == 130
    assert report["run"]["interrupted"] is True
    assert {check["status"] for check in report["checks"]} <= {"ok", "not-checked", "undetermined"}
    assert (tmp_path / "run" / "capture.pcapng").stat().st_size > 0


# The trace of a flow that is dropped here begins a second after the first probe.
@pytest.mark.parametrize("later_s", [0.0, 0.4, 1.0, 1.1, 1.2, 1.4])
def test_a_killed_run_leaves_nothing_in_the_kernel(dropping: Lab, later_s: float) -> None:
    before = without_counters(fingerprint.take(dropping.prefix))
    unsent = counters(dropping)
    running = subprocess.Popen(command_line(dropping, "--no-output"), stdout=subprocess.DEVNULL)
    await_rise(dropping, "sent", unsent)
    time.sleep(later_s)
    running.kill()
    running.wait(TIMEOUT_S)
    # The kernel takes an orphaned table down some 15 ms later.
    time.sleep(0.2)
    assert without_counters(fingerprint.take(dropping.prefix)) == before


def test_a_dry_run_sends_nothing_and_shows_what_it_would_send(lab: Lab) -> None:
    before = counters(lab)
    ended = diagnose(lab, "--dry-run")
    after = counters(lab)
    assert ended.returncode == 0
    assert "udp 192.168.50.10 port" in ended.stdout
    assert "-> 198.51.100.21 port 4500" in ended.stdout
    assert after["sent"] == before["sent"]


def counters(lab: Lab) -> dict[str, int]:
    """What the edge node counts: IP packets it sent, and ICMP Time Exceeded that came in.

    Frames would count its answers to ARP as well, which come when its neighbours like.
    """
    with namespace.entered(f"{lab.prefix}-edge"):
        lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    table = {
        (names.split()[0], name): int(value)
        for names, values in zip(lines[::2], lines[1::2], strict=True)
        for name, value in zip(names.split()[1:], values.split()[1:], strict=True)
    }
    return {"sent": table["Ip:", "OutRequests"], "expired": table["Icmp:", "InTimeExcds"]}


def await_rise(lab: Lab, counter: str, before: dict[str, int]) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while counters(lab)[counter] == before[counter]:
        assert time.monotonic() < deadline_s, f"{counter} does not rise"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--region", "Nowhere!"), "'Nowhere!'", id="a region that is none"),
        pytest.param(("--only", "no-such-check"), "'no-such-check'", id="an unknown check"),
        pytest.param(("--api-server", "host:99999"), "host:99999", id="a port out of range"),
        pytest.param(("--timeout", "0"), "timeout", id="no time at all"),
        pytest.param(("--rate", "0"), "rate", id="no rate at all"),
        pytest.param(("--listen", "601"), "listen", id="listening for too long"),
        pytest.param(("--output", "/proc/nowhere"), "/proc/nowhere", id="a place not writable"),
    ],
)
def test_bad_input_is_one_clear_sentence_and_status_2(
    lab: Lab, words: tuple[str, ...], message: str
) -> None:
    ended = diagnose(lab, *words)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_never_overwrites_another(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("kept")
    ended = diagnose(lab, "--output", str(tmp_path))
    assert ended.returncode == 2
    assert (tmp_path / "report.json").read_text() == "kept"


def test_a_file_that_holds_no_authority_is_refused_before_anything_is_sent(
    lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate\n")
    done = diagnose(lab, "--ca", str(path))
    assert done.returncode == 2
    assert f"is not a PEM file of certificates: {path} has no certificate" in done.stderr
