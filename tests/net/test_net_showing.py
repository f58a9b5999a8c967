"""What explain says of programs is what the kernel does with the packet itself."""

import io
import json
import os
import random
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute

from edgediag.cli import run
from edgediag.host.bpf_code import returning
from edgediag.host.walk.parcel import CtState, Sender, parcel_of
from edgediag.host.walk.tc_verdict import filter_word
from edgediag.lab import bpf, cgroup
from edgediag.lab.bpf import Match
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow, Protocol
from edgediag.model.program import ProgramWord
from edgediag.net import bpf as syscalls
from edgediag.net.tc_filters import read_attached_filters

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = [pytest.mark.netns, pytest.mark.usefixtures("needs_root")]

PORT = 6443
HOST = "192.0.2.2"
# Tests that run beside these have another.
GROUP = f"programs-{os.getpid()}"
LOADED_AS = {"clsact": "tcx"}
INGRESS, EGRESS = 0xFFFFFFF2, 0xFFFFFFF3
# It writes the type of service of what is long enough, and lets it pass (2).
REWRITES = bytes.fromhex(
    "6112000000000000 6113040000000000 bf24000000000000 0704000022000000"
    "2d34010000000000 72020f0004000000 b700000002000000 9500000000000000"
)
# enum bpf_prog_type, enum bpf_attach_type.
CGROUP_SOCK, SOCK_CREATE, PROG_ATTACH = 9, 2, 8


@pytest.fixture
def peer(two_nodes: "TwoNodes") -> Iterator["TwoNodes"]:
    """The peer listens on two ports."""
    with two_nodes.peer.inside():
        servers = [socket.create_server(("", port)) for port in (PORT, PORT + 1)]
    yield two_nodes
    for server in servers:
        server.close()


@pytest.fixture
def group() -> Iterator[int]:
    """A control group, as a descriptor."""
    if cgroup.root() is None:
        pytest.skip("no cgroup2 is mounted")
    folder = os.open(cgroup.create(GROUP), os.O_RDONLY | os.O_DIRECTORY)
    yield folder
    os.close(folder)
    cgroup.remove(GROUP)


def dropping(kind: str, direction: str) -> bytes:
    match = Match(protocol=socket.IPPROTO_TCP, port=PORT, direction=direction)
    return bpf.program(LOADED_AS.get(kind, kind), match)


def attach(node: "Node", kind: str, direction: str, instructions: bytes) -> None:
    """Put a program on the device."""
    with node.inside(), IPRoute() as netlink:
        index = socket.if_nametoindex("up0")
        program = bpf.load(LOADED_AS.get(kind, kind), instructions)
        if kind == "xdp":
            netlink.link("set", index=index, xdp_fd=program)
        elif kind == "tcx":
            bpf.attach_to_device(program, index, direction)
        else:
            netlink.tc("add", "clsact", index=index)
            place = {"parent": INGRESS if direction == "ingress" else EGRESS, "index": index}
            words = {"handle": 1, "name": "guard", "direct_action": True, "classid": 1}
            netlink.tc("add-filter", "bpf", fd=program, **place, **words)
        os.close(program)


def explained(node: "Node", port: int, *more: str) -> tuple[int, str]:
    """The status of explain, and what it says."""
    said = io.StringIO()
    to = ("--to", HOST, "--proto", "tcp", "--dport", str(port))
    with node.inside(), redirect_stdout(said):
        status = run(("explain", *(() if "--to" in more else to), *more))
    return int(status.value), said.getvalue()


def connects(node: "Node", port: int) -> bool:
    with node.inside(), socket.socket() as asking:
        asking.settimeout(0.3)
        return asking.connect_ex((HOST, port)) == 0


def in_group(node: "Node", *words: str) -> tuple[int, str]:
    """The status of a command that runs in the control group, and what it says."""
    with node.inside():
        done = subprocess.run(
            words, capture_output=True, text=True, preexec_fn=lambda: cgroup.join(GROUP)
        )
    return done.returncode, done.stdout


def explained_in_group(node: "Node", port: int, *more: str) -> tuple[int, str]:
    words = ("--to", HOST, "--proto", "tcp", "--dport", str(port), *more)
    return in_group(node, sys.executable, "-m", "edgediag", "explain", *words)


@pytest.mark.parametrize(
    ("kind", "direction", "hook"),
    [
        pytest.param("xdp", "ingress", "xdp", id="XDP"),
        pytest.param("tcx", "ingress", "tcx ingress", id="tcx, coming in"),
        pytest.param("tcx", "egress", "tcx egress", id="tcx, leaving"),
        pytest.param("clsact", "ingress", "tc ingress", id="clsact, coming in"),
        pytest.param("clsact", "egress", "tc egress", id="clsact, leaving"),
    ],
)
def test_a_program_of_a_device_drops_what_it_is_said_to_drop(
    peer: "TwoNodes", kind: str, direction: str, hook: str
) -> None:
    node = peer.node
    assert connects(node, PORT)
    attach(node, kind, direction, dropping(kind, direction))
    dropped, passed = (explained(node, port, "--reply") for port in (PORT, PORT + 1))
    assert (connects(node, PORT), connects(node, PORT + 1)) == (False, True)
    assert (dropped[0], passed[0]) == (1, 0)
    assert f"\ndropped by {hook}: " in dropped[1]
    assert f"  {hook}: " in passed[1]


@pytest.mark.parametrize(
    ("rule", "is_served", "status", "words"),
    [
        pytest.param(
            "pref 1 u32 match ip dport 6443 0xffff match ip protocol 6 0xff action mirred egress "
            "redirect dev lo",
            False,
            3,
            "sends it elsewhere",
            id="redirected",
        ),
        pytest.param(
            "pref 1 u32 match ip dport 9 0xffff action mirred egress redirect dev lo",
            True,
            0,
            "has nothing against it",
            id="not matched",
        ),
        pytest.param(
            "pref 1 u32 match ip dst 192.0.2.2/32 action mirred egress mirror dev lo",
            True,
            0,
            "lets it pass",
            id="mirrored",
        ),
    ],
)
def test_a_filter_of_u32_does_what_it_is_said_to_do(
    peer: "TwoNodes", rule: str, is_served: bool, status: int, words: str
) -> None:
    node = peer.node
    node.run("tc qdisc add dev up0 clsact", f"tc filter add dev up0 egress protocol ip {rule}")
    said = explained(node, PORT)
    assert connects(node, PORT) is is_served
    assert said[0] == status
    assert f" on up0: {words}\n" in said[1]


def aimed_keys(draw: random.Random, packet: bytes) -> list[str]:
    """One to three keys of u32, each of which the packet meets or just misses."""
    words: list[str] = []
    for at in draw.sample((0, *range(8, len(packet), 4)), draw.randint(1, 3)):
        have = int.from_bytes(packet[at : at + 4], "big")
        mask = draw.choice((0xFFFFFFFF, 0xFFFF0000, 0x0000FFFF, 0x00FF0000, draw.getrandbits(32)))
        # Hop limit and checksum are not known beforehand.
        mask = mask & 0x00FF0000 if at == 8 else mask
        missed = draw.choice((0, 0, 1 << draw.randrange(32)))
        words.append(f"match u32 {(have ^ missed) & mask:#x} {mask:#x} at {at}")
    return words


def test_what_u32_matches_is_what_the_kernel_matches(peer: "TwoNodes") -> None:
    node, draw = peer.node, random.Random(6)
    packet = Flow(
        protocol=Protocol.UDP,
        source=ip_address("192.0.2.1"),
        source_port=40001,
        destination=ip_address(HOST),
        destination_port=4500,
    )
    header = packet.source.packed + packet.destination.packed
    ports = packet.source_port.to_bytes(2, "big") + packet.destination_port.to_bytes(2, "big")
    sent = bytes.fromhex("4500001c000040004011") + bytes(2) + header + ports
    parcel = parcel_of(packet, Sender(mark=0, uid=0, gid=0, state=CtState.NEW))
    with peer.peer.inside():
        taking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taking.bind(("", packet.destination_port))
        taking.settimeout(0.05)
    node.run("tc qdisc add dev up0 clsact")
    disagreed, decided = [], 0
    with node.inside(), closing(taking), socket.socket(type=socket.SOCK_DGRAM) as sending:
        index = socket.if_nametoindex("up0")
        sending.bind(("", packet.source_port))
        for _ in range(60):
            keys = " ".join(aimed_keys(draw, sent))
            # One that is replaced keeps its keys.
            node.run(
                "tc filter del dev up0 egress",
                "tc filter add dev up0 egress pref 1 protocol ip "
                f"u32 {keys} action mirred egress redirect dev lo",
            )
            (one,) = read_attached_filters({index: "up0"})
            word = filter_word(one.keys, one.actions, parcel)
            sending.sendto(b"", (HOST, packet.destination_port))
            if not isinstance(word, NotChecked):
                decided += 1
                if (word is ProgramWord.LEAVES) is not has_come(taking):
                    disagreed.append((keys, word))
            else:
                has_come(taking)
    assert (disagreed, decided > 30) == ([], True)


def has_come(taking: socket.socket) -> bool:
    try:
        taking.recv(64)
    except TimeoutError:
        return False
    return True


def test_a_filter_that_passes_a_packet_keeps_it_from_those_behind_it(peer: "TwoNodes") -> None:
    node = peer.node
    attach(node, "clsact", "egress", dropping("clsact", "egress"))
    assert (connects(node, PORT), explained(node, PORT)[0]) == (False, 1)
    node.run(
        "tc filter add dev up0 egress protocol ip pref 1 u32 match ip dport 6443 0xffff classid 1:1"
    )
    assert (connects(node, PORT), explained(node, PORT)[0]) == (True, 0)


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_program_of_a_control_group_drops_what_it_is_said_to_drop(
    peer: "TwoNodes", group: int, direction: str
) -> None:
    node = peer.node
    program = bpf.load("cgroup", dropping("cgroup", direction))
    bpf.attach_to_cgroup(program, group, direction)
    os.close(program)
    said = [explained_in_group(node, port, "--reply") for port in (PORT, PORT + 1)]
    tried = [in_group(node, "nc", "-zw1", HOST, str(port)) for port in (PORT, PORT + 1)]
    assert [status for status, _ in tried] == [1, 0]
    assert [status for status, _ in said] == [1, 0]
    assert f"\ndropped by cgroup {direction}: program " in said[0][1]


def test_an_inbound_packet_ends_at_the_program_that_is_named(peer: "TwoNodes") -> None:
    attach(peer.node, "xdp", "ingress", dropping("xdp", "ingress"))
    coming = ("--to", "192.0.2.1", "--from", HOST, "--proto", "tcp", "--sport", str(PORT))
    status, said = explained(peer.node, 22, *coming, "--dport", "22", "--in", "up0", "--json")
    decider = json.loads(said)["deciders"][0]
    program = decider["program"]
    assert (status, decider["hook"]) == (1, "xdp")
    assert program == {
        "kind": "xdp-program",
        "interface": "up0",
        "program": program["program"],
        "name": "edgediag_lab",
        "mode": "native",
    }


@pytest.mark.parametrize(
    ("kind", "instructions", "words"),
    [
        pytest.param("xdp", returning(3), "sends it back where it came from", id="sent back"),
        pytest.param("tcx", returning(7), "sends it elsewhere", id="redirected"),
        pytest.param("xdp", REWRITES, "lets it pass and rewrites it", id="rewritten"),
    ],
)
def test_what_a_program_does_besides_leaves_the_rest_open(
    peer: "TwoNodes", kind: str, instructions: bytes, words: str
) -> None:
    attach(peer.node, kind, "ingress", instructions)
    status, said = explained(peer.node, PORT, "--reply")
    assert (status, said.count(words)) == (3, 2)


def test_a_program_that_cannot_be_run_is_what_the_walk_hangs_on(
    peer: "TwoNodes", group: int
) -> None:
    program = syscalls.load(
        syscalls.Program(type_=CGROUP_SOCK, instructions=returning(1), name=b"made")
    )
    syscalls.command(PROG_ATTACH, struct.pack("=IIII", group, program, SOCK_CREATE, 0))
    os.close(program)
    status, said = explained_in_group(peer.node, PORT)
    assert status == 3
    assert "not run: the kernel runs none of its kind on a copy" in said
    assert "undetermined; hangs on what program " in said
    assert f" made on /edgediag-lab-{GROUP} does" in said


def test_no_program_is_run_that_is_not_to_be(peer: "TwoNodes") -> None:
    attach(peer.node, "tcx", "egress", dropping("tcx", "egress"))
    status, said = explained(peer.node, PORT, "--no-programs")
    assert (status, "not run: --no-programs" in said) == (3, True)
