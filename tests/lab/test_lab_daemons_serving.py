"""Real servers in a lab: each answers from the edge node, and none outlives the lab."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgediag.lab import namespace, processes, scenario, state
from edgediag.lab.daemons import place, start
from edgediag.lab.network import Lab
from edgediag.lab.services import control
from edgediag.lab.topology import HOSTS

pytestmark = pytest.mark.netns

WAIT_S = 3.0
# A query for A of cn.ntp.org.cn (RFC 1035 §4.1), and a client's request (RFC 5905 §7.3).
QUERY = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x02cn\x03ntp\x03org\x02cn\x00\x00\x01\x00\x01"
REQUEST = b"\x23" + bytes(47)
# IKE_SA_INIT (RFC 7296 §3.1) that holds nothing but the header: malformed, and answered.
INITIATOR = b"edgediag"
IKE_SA_INIT = bytes(4) + INITIATOR + bytes(8) + b"\x00\x20\x22\x08" + bytes(4) + b"\x00\x00\x00\x1c"


def story(*daemons: tuple[str, str], variant: str = "") -> scenario.Scenario:
    head = 'claim = "c"\nfamily = "healthy"\nwhy = "w"\n'
    steps = [
        f'[[inject]]\naction = "daemon"\nnode = "{node}"\nprogram = "{program}"\n'
        f'variant = "{variant}"\n'
        for node, program in daemons
    ]
    return scenario.parse("test-story", head + "".join(steps))


def need(program: str) -> None:
    if place.absent([program]):
        pytest.skip(f"{program} is not there; python -m edgediag.lab.daemons.fetch brings it")


@pytest.fixture
def own(lab: Lab) -> Iterator[Lab]:
    """The module's lab, as it was after the test."""
    yield lab
    lab.clear()


def ask(lab: Lab, destination: tuple[str, int], datagram: bytes) -> bytes:
    with namespace.entered(f"{lab.prefix}-edge"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(WAIT_S)
        sock.connect(destination)
        sock.send(datagram)
        return sock.recv(2048)


def ike(lab: Lab) -> bytes:
    return ask(lab, (HOSTS["raven-tunnel"], 4500), IKE_SA_INIT)[4:12]


def ntp(host: str) -> Callable[[Lab], bytes]:
    return lambda lab: ask(lab, (HOSTS[host], 123), REQUEST)[:2]


def dns(lab: Lab) -> bytes:
    return ask(lab, (HOSTS["resolver"], 53), QUERY)[-4:]


def tls(lab: Lab) -> bytes:
    command = ["curl", "-sk", "-m", "3", "-w", "%{http_code}", "-o", "/dev/null"]
    ended = subprocess.run(
        lab.edge_command([*command, f"https://{HOSTS['api-server']}:6443/"]), capture_output=True
    )
    return ended.stdout


@pytest.mark.parametrize(
    ("program", "variant", "question", "answer"),
    [
        pytest.param("charon", "", ike, INITIATOR, id="charon"),
        pytest.param("charon", "no-connection", ike, INITIATOR, id="charon, no connection"),
        pytest.param("pluto", "", ike, INITIATOR, id="pluto"),
        pytest.param("pluto", "no-connection", ike, INITIATOR, id="pluto, no connection"),
        pytest.param("chronyd", "", ntp("ntp-aliyun"), b"\x24\x03", id="chronyd"),
        pytest.param("chronyd", "", ntp("ntp-cn-pool"), b"\x24\x03", id="its other address"),
        pytest.param(
            "chronyd", "unsynchronised", ntp("ntp-aliyun"), b"\xe4\x00", id="chronyd, no source"
        ),
        pytest.param(
            "dnsmasq", "", dns, socket.inet_aton(HOSTS["ntp-cn-pool"]), id="dnsmasq"
        ),
        pytest.param("nginx", "", tls, b"401", id="nginx"),
    ],
)
def test_a_daemon_answers_its_protocol_on_the_edge_node(
    own: Lab, program: str, variant: str, question: Callable[[Lab], bytes], answer: bytes
) -> None:
    need(program)
    own.inject(story(("cloud", program), variant=variant))
    (server,) = state.load(own.prefix).servers
    version = server.partition(f": {program} ")[2]
    assert (question(own), version[:1].isdigit()) == (answer, True)


def test_a_daemon_that_is_not_there_leaves_the_embedded_service_serving(
    own: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "find", lambda daemon, candidates: None)
    own.inject(story(("cloud", "charon")))
    modes = control.ask(state.control_socket(own.prefix, "cloud"), {})
    assert (state.load(own.prefix).servers, modes["raven-tunnel"]) == (
        ("ike: embedded (charon is not there)",),
        "normal",
    )


def test_a_tunnel_stands_over_udp_4500(own: Lab) -> None:
    need("charon")
    own.inject(scenario.load("healthy-real-tunnel-stands"))
    ping = ["ping", "-c", "1", "-W", "2", "-I", "10.244.1.1", "10.244.0.1"]
    assert subprocess.run(own.edge_command(ping), capture_output=True).returncode == 0


def test_nothing_of_the_machine_s_usr_changes(own: Lab) -> None:
    need("dnsmasq")
    before = os.listdir("/usr/sbin")
    own.inject(story(("cloud", "dnsmasq")))
    assert os.listdir("/usr/sbin") == before


def test_a_new_lab_takes_a_daemon_back(own: Lab) -> None:
    need("dnsmasq")
    own.inject(story(("cloud", "dnsmasq")))
    (daemon,) = state.load(own.prefix).processes[-1:]
    (left,) = own.clear()
    assert (left.startswith("DaemonStep("), processes.is_running(daemon), own.is_up()) == (
        True,
        False,
        True,
    )


def test_a_daemon_of_a_process_that_is_gone_is_ended(prefixes: Iterator[str]) -> None:
    need("dnsmasq")
    lab = Lab(prefix=next(prefixes))
    script = (
        "import os\n"
        "from edgediag.lab import scenario\n"
        "from edgediag.lab.network import Lab\n"
        f"lab = Lab(prefix={lab.prefix!r})\n"
        "lab.up()\n"
        "lab.inject(scenario.load('healthy-dnsmasq'))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    (daemon,) = state.load(lab.prefix).processes[-1:]
    name = Path(f"/proc/{daemon.pid}/comm").read_text()
    lab.down()
    assert (name, Path(f"/proc/{daemon.pid}/exe").exists()) == ("dnsmasq\n", False)
