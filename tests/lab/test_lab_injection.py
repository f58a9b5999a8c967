"""Every word of the vocabulary breaks something, and clearing leaves no trace of it."""

import errno
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edgediag.errors import CannotRunError
from edgediag.lab import (
    cgroup,
    fingerprint,
    injection,
    namespace,
    netfilter,
    scenario,
    state,
    steps,
)
from edgediag.lab.files import edge_folder
from edgediag.lab.network import Lab
from edgediag.lab.topology import HOSTS

pytestmark = pytest.mark.netns

API = (HOSTS["api-server"], 6443)
TUNNEL = (HOSTS["raven-tunnel"], 4500)
# A kubelet behind both VXLAN devices of the edge node.
OVERLAY = ("10.244.2.1", 10250)
WAIT_S = 0.4


def story(*inject: str) -> scenario.Scenario:
    head = 'claim = "c"\nfamily = "healthy"\nwhy = "w"\n'
    return scenario.parse("test-story", head + "".join(f"[[inject]]\n{step}\n" for step in inject))


def is_lasting(name: str) -> bool:
    """True if only a new lab takes the scenario back; the truths' tests inject it all the same."""
    kinds = (steps.CommandStep, steps.ProgramStep, steps.KubeProxyStep)
    kinds += (steps.ConntrackStep, steps.DaemonStep)
    return any(isinstance(step, kinds) for step in scenario.load(name).inject)


def met(lab: Lab, destination: tuple[str, int]) -> str:
    """What a connection from the edge node meets: "ok" or the error's name."""
    with namespace.entered(f"{lab.prefix}-edge"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with sock:
        sock.settimeout(WAIT_S)
        try:
            sock.connect(destination)
        except TimeoutError:
            return "silence"
        except OSError as exc:
            return errno.errorcode[exc.errno or 0]
    return "ok"


NFT = '''
action = "nft"
node = "cloud"
script = """
table inet firewall {
    chain in {
        type filter hook input priority 0;
        tcp dport 6443 reject with tcp reset
    }
}
"""'''
IPTABLES = """
action = "iptables"
node = "edge"
arguments = ["-A", "OUTPUT", "-p", "tcp", "--dport", "6443", "-j", "DROP"]"""
ROUTE_ADD = """
action = "route"
node = "edge"
op = "add"
destination = "198.51.100.10/32"
type = "blackhole"
"""
ROUTE_DEL = """
action = "route"
node = "edge"
op = "del"
destination = "default"
gateways = ["192.168.50.1"]"""
ROUTE_REPLACE = """
action = "route"
node = "isp1"
op = "replace"
destination = "default"
type = "prohibit"
"""
RULE = """
action = "rule"
node = "edge"
op = "add"
priority = 7
type = "prohibit"
destination = "198.51.100.10"
protocol = "tcp"
port = 6443"""
LINK = """
action = "link"
node = "edge"
device = "eth0"
state = "down"
"""
NEIGHBOUR_SET = """
action = "neighbour"
node = "edge"
op = "set"
device = "flannel.1"
address = "10.244.2.0"
mac = "02:00:00:00:00:99"
"""
NEIGHBOUR_DEL = """
action = "neighbour"
node = "edge"
op = "del"
device = "flannel.1"
address = "10.244.2.0"
"""
ADDRESS = """
action = "address"
node = "cloud"
op = "del"
device = "eth0"
address = "198.51.100.10/32"
"""
SYSCTL = """
action = "sysctl"
node = "isp1"
key = "net.ipv4.ip_forward"
value = "0"
"""
RESERVED_PORTS = """
action = "sysctl"
node = "edge"
key = "net.ipv4.ip_local_reserved_ports"
value = "1024-65535"
"""
FILE = """
action = "file"
node = "edge"
path = "etc/hosts"
text = "192.0.2.9 ntp1.aliyun.com\\n"
"""
COMMAND = """
action = "command"
node = "edge"
argv = ["ip", "link", "set", "eth0", "mtu", "1400"]
"""
XDP = """
action = "program"
node = "edge"
kind = "xdp"
device = "eth0"
protocol = "tcp"
port = 6443
direction = "ingress"
"""
CGROUP = """
action = "program"
node = "edge"
kind = "cgroup"
protocol = "udp"
port = 4500
direction = "egress"
"""
SERVICE = """
action = "service"
node = "cloud"
service = "api-server"
mode = "down"
"""


@pytest.mark.parametrize(
    ("inject", "destination", "expected"),
    [
        pytest.param(NFT, API, "ECONNREFUSED", id="nft"),
        pytest.param(
            IPTABLES,
            API,
            "silence",
            id="iptables",
            marks=pytest.mark.skipif(
                netfilter.find_program("iptables-nft") is None, reason="needs iptables-nft"
            ),
        ),
        pytest.param(ROUTE_ADD, API, "EINVAL", id="route add"),
        pytest.param(ROUTE_DEL, API, "ENETUNREACH", id="route del"),
        pytest.param(ROUTE_REPLACE, API, "EHOSTUNREACH", id="route replace, of two gateways"),
        pytest.param(RULE, API, "EACCES", id="rule"),
        pytest.param(LINK, API, "ENETUNREACH", id="link, which takes its routes along"),
        pytest.param(NEIGHBOUR_SET, OVERLAY, "silence", id="neighbour set"),
        pytest.param(NEIGHBOUR_DEL, OVERLAY, "silence", id="neighbour del"),
        pytest.param(ADDRESS, API, "silence", id="address"),
        pytest.param(SYSCTL, API, "silence", id="sysctl"),
        pytest.param(RESERVED_PORTS, API, "EADDRNOTAVAIL", id="sysctl, which was empty"),
        pytest.param(SERVICE, API, "ECONNREFUSED", id="service"),
    ],
)
def test_a_fault_is_met_and_cleared_without_trace(
    lab: Lab, inject: str, destination: tuple[str, int], expected: str
) -> None:
    assert met(lab, destination) == "ok"
    lab.inject(story(inject))
    assert met(lab, destination) == expected
    assert lab.clear() == ()
    assert met(lab, destination) == "ok"


def test_several_steps_are_taken_back_together(lab: Lab) -> None:
    lab.inject(story(LINK, NFT, ADDRESS, SERVICE, RULE))
    assert lab.clear() == ()


def test_a_second_injection_clears_the_first(lab: Lab) -> None:
    lab.inject(story(SERVICE))
    lab.inject(story(RULE))
    assert (met(lab, API), lab.clear()) == ("EACCES", ())


def test_another_process_can_clear(lab: Lab) -> None:
    """Everything it needs is in the state file."""
    lab.inject(story(SERVICE, ROUTE_REPLACE))
    assert (Lab(prefix=lab.prefix).clear(), met(lab, API)) == ((), "ok")


def test_an_injection_that_fails_half_way_is_cleared(lab: Lab) -> None:
    with pytest.raises(CannotRunError, match="^cannot change .*-edge: File exists: RouteStep"):
        lab.inject(story(SERVICE, ROUTE_ADD, ROUTE_ADD))
    assert (lab.clear(), met(lab, API)) == ((), "ok")


def test_what_no_undoing_knows_of_makes_a_new_lab(lab: Lab) -> None:
    netfilter.run_script(f"{lab.prefix}-border", "table inet stray { }")
    before = state.load(lab.prefix).processes
    assert lab.clear() == ("border + table inet stray {", "border + }")
    assert (state.load(lab.prefix).processes != before, met(lab, API)) == (True, "ok")


def test_a_handle_is_looked_up_by_its_comment(lab: Lab) -> None:
    truths = lab.inject(scenario.load("local-nft-output-drop"))
    handle = netfilter.handle_of(f"{lab.prefix}-edge", "drops-the-tunnel")
    lab.clear()
    assert truths[0].culprit["handle"] == handle


def test_an_unknown_comment_is_said(lab: Lab) -> None:
    with pytest.raises(CannotRunError, match="^cannot find a rule with comment 'nobody' in "):
        netfilter.handle_of(f"{lab.prefix}-edge", "nobody")


def test_nft_s_complaint_is_passed_on(lab: Lab) -> None:
    with pytest.raises(CannotRunError, match="^cannot run nft --file - in .*syntax error"):
        netfilter.run_script(f"{lab.prefix}-edge", "tabel inet x { }")


def test_a_missing_program_is_said(lab: Lab) -> None:
    needy = scenario.parse(
        "needy", 'claim = "c"\nfamily = "healthy"\nwhy = "w"\nrequires = ["no-such-program"]'
    )
    with pytest.raises(CannotRunError, match="^cannot inject needy: no-such-program is not inst"):
        lab.inject(needy)


def test_what_a_command_did_is_taken_back_by_a_new_lab(lab: Lab) -> None:
    lab.inject(story(SERVICE, COMMAND))
    assert met(lab, API) == "ECONNREFUSED"
    before = state.load(lab.prefix).processes
    (left,) = lab.clear()
    assert left.startswith("CommandStep(node='edge'")
    assert (state.load(lab.prefix).processes != before, met(lab, API)) == (True, "ok")


def test_a_program_on_a_device_is_taken_back_by_a_new_lab(lab: Lab) -> None:
    lab.inject(story(XDP))
    broken = met(lab, API)
    (left,) = lab.clear()
    assert left.startswith("ProgramStep(node='edge'")
    assert (broken, met(lab, API)) == ("silence", "ok")


def test_a_cgroup_s_program_drops_what_the_node_s_commands_send(lab: Lab) -> None:
    """The services, which are no commands, do not belong to the cgroup."""
    story_ = story(CGROUP)
    if injection.lacking(story_.requires, story_.inject):
        pytest.skip("no cgroup2 is mounted")
    lab.inject(story_)
    script = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'?', {})"
    command = lab.edge_command([sys.executable, "-c", script.format(TUNNEL)])
    ended = subprocess.run(command, capture_output=True, text=True)
    lab.clear()
    left = (cgroup.root() or Path("/")) / f"edgediag-lab-{lab.prefix}-edge"
    assert ("Operation not permitted" in ended.stderr, left.exists()) == (True, False)


def test_a_file_of_the_edge_node_has_another_text_until_it_is_cleared(lab: Lab) -> None:
    hosts = edge_folder(lab.prefix) / "etc/hosts"
    before = hosts.read_text()
    lab.inject(story(FILE))
    assert hosts.read_text() == "192.0.2.9 ntp1.aliyun.com\n"
    assert (lab.clear(), hosts.read_text()) == ((), before)


def one_of_each_kind() -> list[str]:
    """Of the scenarios that take the same steps on the same nodes, the first."""
    kinds: dict[tuple[tuple[str, str], ...], str] = {}
    for name in scenario.names():
        inject = scenario.load(name).inject
        if not is_lasting(name):
            taken = tuple((type(step).__name__, step.node) for step in inject)
            kinds.setdefault(taken, name)
    return list(kinds.values())


@pytest.mark.parametrize("name", one_of_each_kind())
def test_a_scenario_is_injected_and_cleared_without_trace(lab: Lab, name: str) -> None:
    chosen = scenario.load(name)
    if missing := injection.lacking(chosen.requires, chosen.inject):
        pytest.skip(missing[0])
    before = fingerprint.take(lab.prefix)
    lab.inject(chosen)
    changed = fingerprint.differing(before, fingerprint.take(lab.prefix))
    # A neighbour entry that was only learnt is no part of a fingerprint.
    is_seen = any(
        not isinstance(step, steps.NeighbourStep) or step.op == "set" for step in chosen.inject
    )
    assert (bool(changed), lab.clear()) == (is_seen, ())
