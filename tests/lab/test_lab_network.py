"""The lab as a whole: the path, its life, and its death at any moment."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgediag.errors import CannotRunError
from edgediag.lab import connectivity, files, kernel, namespace, scenario, state
from edgediag.lab.network import Lab
from edgediag.lab.topology import HOSTS, NODES, landmarks

pytestmark = pytest.mark.netns

IP_RECVERR = 11
# sock_extended_err and the offender's sockaddr_in (ip(7)): type and code, then the address.
ERROR = struct.Struct("=IBBBBII")
WAIT_S = 5.0


def echo_of(lab: Lab, hop_limit: int) -> tuple[str, int, int]:
    """The landmark that answers a datagram with this hop limit, and the ICMP type and code."""
    with namespace.entered(f"{lab.prefix}-edge"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hop_limit)
        sock.settimeout(WAIT_S)
        sock.connect((HOSTS["api-server"], 33434))
        sock.send(b"?")
        # A blocking receive ends with the error; its details wait in the error queue.
        with pytest.raises(OSError):
            sock.recv(1)
        _, ancillary, _, _ = sock.recvmsg(64, 256, socket.MSG_ERRQUEUE)
    error = next(data for _, type_, data in ancillary if type_ == IP_RECVERR)
    _, _, icmp_type, icmp_code, *_ = ERROR.unpack_from(error)
    sender = socket.inet_ntoa(error[ERROR.size + 4 : ERROR.size + 8])
    return landmarks()[sender], icmp_type, icmp_code


@pytest.mark.parametrize(
    ("hop_limit", "answer"),
    [
        (1, ("cpe", 11, 0)),
        (2, ("isp1", 11, 0)),
        (3, ("isp2", 11, 0)),
        (4, ("border", 11, 0)),
        (5, ("host", 3, 3)),
    ],
)
def test_a_hop_limit_is_answered_by_its_hop(
    lab: Lab, hop_limit: int, answer: tuple[str, int, int]
) -> None:
    assert echo_of(lab, hop_limit) == answer


@pytest.mark.parametrize(
    ("balancer", "toward"),
    [pytest.param("isp1", "to1", id="there"), pytest.param("border", "border", id="and back")],
)
def test_flows_take_both_equal_paths(lab: Lab, balancer: str, toward: str) -> None:
    before = [received(lab, twin, toward) for twin in ("isp2a", "isp2b")]
    query = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x01a\x00\x00\x01\x00\x01"
    for _ in range(64):
        with namespace.entered(f"{lab.prefix}-edge"):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.settimeout(WAIT_S)
            sock.connect((HOSTS["resolver"], 53))
            sock.send(query)
            sock.recv(512)
    after = [received(lab, twin, toward) for twin in ("isp2a", "isp2b")]
    assert [new > old for old, new in zip(before, after)] == [True, True]


@pytest.mark.parametrize("source_port", [41000, 41001, 41002, 41003])
def test_a_flow_keeps_its_path_whichever_socket_sends_it(lab: Lab, source_port: int) -> None:
    before = [received(lab, twin, "to1") for twin in ("isp2a", "isp2b")]
    for _ in range(CONNECTIONS):
        with namespace.entered(f"{lab.prefix}-edge"):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with sock:
            sock.settimeout(WAIT_S)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Closed by a reset, so that the next may have the same port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.bind(("", source_port))
            sock.connect((HOSTS["api-server"], 6443))
    after = [received(lab, twin, "to1") for twin in ("isp2a", "isp2b")]
    # SYN, ACK and reset of each; on the other path there is an ARP request at most.
    few, many = sorted(new - old for old, new in zip(before, after))
    assert few < CONNECTIONS <= 3 * CONNECTIONS <= many


CONNECTIONS = 20


def received(lab: Lab, node: str, interface: str) -> int:
    with namespace.entered(f"{lab.prefix}-{node}"):
        lines = Path("/proc/thread-self/net/dev").read_text().splitlines()
    fields = next(line for line in lines if line.strip().startswith(f"{interface}:"))
    return int(fields.partition(":")[2].split()[1])


@pytest.mark.parametrize(
    ("interface", "vni", "port"), [("flannel.1", 1, 8472), ("raven0", 200, 4472)]
)
@pytest.mark.parametrize("node", ["edge", "peer"])
def test_the_overlay_is_the_kernel_s(
    lab: Lab, node: str, interface: str, vni: int, port: int
) -> None:
    with kernel.netlink(f"{lab.prefix}-{node}") as ipr:
        link = ipr.get_links(kernel.interface_index(ipr, interface))[0]
    data = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA")
    assert (data.get("vxlan_id"), data.get("vxlan_port")) == (vni, port)


def test_routers_keep_the_kernel_s_limit_on_icmp_errors(lab: Lab) -> None:
    limits = {kernel.read_sysctl(f"{lab.prefix}-{node}", LIMIT) for node in NODES}
    assert limits == {Path("/proc/sys", LIMIT.replace(".", "/")).read_text().strip()}


LIMIT = "net.ipv4.icmp_ratelimit"


def test_two_labs_stand_side_by_side(lab: Lab, prefixes: Iterator[str]) -> None:
    other = Lab(prefix=next(prefixes))
    other.up()
    other.inject(scenario.load("path-isp1-null-routes-all"))
    connectivity.require_connectivity(lab.prefix)
    other.down()
    assert (lab.is_up(), other.is_up()) == (True, False)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/resolv.conf", f"nameserver {HOSTS['resolver']}\n"),
        ("/etc/hosts", "127.0.0.1 localhost\n192.168.50.10 edge\n"),
    ],
)
def test_the_edge_node_has_files_of_its_own(lab: Lab, path: str, text: str) -> None:
    ended = subprocess.run(
        lab.edge_command(["cat", path]), capture_output=True, text=True, check=True
    )
    assert (ended.stdout, Path(path).read_text() == text) == (text, False)


def test_the_edge_node_has_network_devices_of_its_own(lab: Lab) -> None:
    ended = subprocess.run(
        lab.edge_command(["ls", "/sys/class/net"]), capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["cni0", "eth0", "flannel.1", "lo", "raven0", "vethpod"]


def test_the_edge_node_resolves_names_as_an_application_does(lab: Lab) -> None:
    script = "import socket; print(socket.gethostbyname('cn.ntp.org.cn'))"
    command = lab.edge_command([sys.executable, "-c", script])
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == HOSTS["ntp-cn-pool"]


def test_the_exit_status_of_a_command_is_passed_on(lab: Lab) -> None:
    assert subprocess.run(lab.edge_command(["sh", "-c", "exit 7"])).returncode == 7


def test_an_unknown_command_is_said(lab: Lab) -> None:
    ended = subprocess.run(lab.edge_command(["/no/such"]), capture_output=True, text=True)
    assert ended.stderr == "edgediag lab: cannot run /no/such: No such file or directory\n"


def test_a_lab_that_is_not_up_is_said(prefixes: Iterator[str]) -> None:
    with pytest.raises(CannotRunError, match="is not up; edgediag lab up$"):
        Lab(prefix=next(prefixes)).clear()


def test_a_lab_that_is_down_leaves_nothing(prefixes: Iterator[str]) -> None:
    lab = Lab(prefix=next(prefixes))
    lab.up()
    lab.down()
    assert remains(lab) == []


def test_a_lab_whose_services_died_is_not_up_and_is_built_again(prefixes: Iterator[str]) -> None:
    lab = Lab(prefix=next(prefixes))
    lab.up()
    pid = state.load(lab.prefix).processes[0].pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    was_up, rebuilt_for = lab.is_up(), lab.clear()
    assert (was_up, len(rebuilt_for), lab.is_up()) == (False, 1, True)


def remains(lab: Lab) -> list[str]:
    """Namespaces, folder and processes of a lab."""
    names = [name for name in os.listdir(namespace.RUN_DIRECTORY) if name.startswith(lab.prefix)]
    folder = [str(state.folder(lab.prefix))] if state.folder(lab.prefix).exists() else []
    return names + folder + serving(lab.prefix)


def serving(prefix: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"edgediag.lab.server" in words and prefix.encode() in words:
            found.append(path.parent.name)
    return found


def _has_namespace(lab: Lab) -> bool:
    return namespace.exists(f"{lab.prefix}-isp1")


def _has_process(lab: Lab) -> bool:
    return bool(state.load(lab.prefix).processes)


def _has_files(lab: Lab) -> bool:
    return (files.edge_folder(lab.prefix) / "edge.toml").exists()


@pytest.mark.parametrize(
    "is_time",
    [
        pytest.param(_has_namespace, id="when half of the namespaces stand"),
        pytest.param(_has_process, id="when the first process is on file"),
        pytest.param(_has_files, id="while the network is built"),
        pytest.param(Lab.is_up, id="when all is done"),
    ],
)
def test_a_lab_killed_at_any_moment_can_be_taken_down_and_up_again(
    prefixes: Iterator[str], is_time: Callable[[Lab], bool]
) -> None:
    lab = Lab(prefix=next(prefixes))
    script = f"from edgediag.lab.network import Lab; Lab(prefix={lab.prefix!r}).up()"
    builder = subprocess.Popen([sys.executable, "-c", script])
    deadline_s = time.monotonic() + WAIT_S
    while not is_time(lab) and time.monotonic() < deadline_s:
        time.sleep(0.001)
    builder.kill()
    builder.wait()
    lab.down()
    left = remains(lab)
    # One that had not been told to go ends by itself.
    while serving(lab.prefix) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    lab.up()
    assert ([item for item in left if not item.isdigit()], lab.is_up()) == ([], True)
    lab.down()
    assert remains(lab) == []
