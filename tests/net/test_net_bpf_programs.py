"""Programs are listed where they stand, and say of a copy what they would do."""

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute

from edgediag.host.bpf_code import returning
from edgediag.host.program_word import number_of
from edgediag.host.tc_filters import CLASSIC
from edgediag.lab import bpf
from edgediag.lab.bpf import Match
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import TcFilterObject, XdpProgramObject
from edgediag.model.exchange import NextHop, ProgramRun
from edgediag.model.flow import Flow, Protocol
from edgediag.model.packet import Packet, TcpSegment
from edgediag.model.program import PacketProgram, ProgramWord
from edgediag.net import bpf as net_bpf
from edgediag.net import bpf_programs
from edgediag.net.attached import read_attached
from edgediag.net.cgroups import group_folders
from edgediag.net.host_tables import read_host
from edgediag.net.program_run import run_program

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = [pytest.mark.netns, pytest.mark.usefixtures("needs_root")]

API = Flow(
    protocol=Protocol.TCP,
    source=ip_address("198.51.100.2"),
    source_port=6443,
    destination=ip_address("192.0.2.1"),
    destination_port=40000,
)
SYN_ACK = TcpSegment(flags="SA", sequence=1, acknowledgement=2, window=1024, payload=b"")
HOP = NextHop(
    interface="up0", source_mac="02:00:00:00:00:02", destination_mac="02:00:00:00:00:01"
)
INGRESS = Match(protocol=socket.IPPROTO_TCP, port=6443, direction="ingress")

DROPS, PASSES, LEAVES = ProgramWord.DROPS, ProgramWord.PASSES, ProgramWord.LEAVES


@pytest.fixture
def node(two_nodes: "TwoNodes") -> Iterator["Node"]:
    """A node whose device has an XDP and a TCX program, which drop the API server's answers."""
    with two_nodes.node.inside():
        index = socket.if_nametoindex("up0")
        xdp = bpf.load("xdp", bpf.program("xdp", INGRESS))
        tcx = bpf.load("tcx", bpf.program("tcx", INGRESS))
        with IPRoute() as netlink:
            netlink.link("set", index=index, xdp_fd=xdp)
        bpf.attach_to_device(tcx, index, "ingress")
        os.close(xdp)
        os.close(tcx)
    yield two_nodes.node


def xdp_program() -> XdpProgramObject:
    programs = read_host().xdp_programs
    assert isinstance(programs, tuple)
    (program,) = programs
    return program


def tcx_program() -> TcFilterObject:
    programs = read_host().tcx_programs
    assert isinstance(programs, tuple)
    (program,) = programs
    return program


def verdict(program: PacketProgram, flow: Flow) -> object:
    packet = Packet(flow=flow, hop_limit=60, ip_id=1, payload=SYN_ACK)
    number = number_of(program)
    return run_program(
        ProgramRun(program=program, number=number, packet=packet, mark=0, hop=HOP)
    )


def test_an_xdp_program_is_listed_with_its_device_and_mode(node: "Node") -> None:
    with node.inside():
        program = xdp_program()
    assert program == XdpProgramObject(
        interface="up0", program=program.program, name="edgediag_lab", mode="native"
    )


def test_a_tcx_program_is_listed_with_its_direction(node: "Node") -> None:
    with node.inside():
        program = tcx_program()
    assert program == TcFilterObject(
        interface="up0",
        direction="ingress",
        classifier="tcx",
        preference=0,
        handle=program.handle,
        name="edgediag_lab",
    )


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param(6443, [DROPS, DROPS], id="of the port that it drops"),
        pytest.param(443, [PASSES, LEAVES], id="of another port"),
    ],
)
def test_programs_say_what_they_would_do_with_an_answer(
    node: "Node", port: int, expected: list[ProgramWord]
) -> None:
    flow = replace(API, source_port=port)
    with node.inside():
        programs = (xdp_program(), tcx_program())
        assert [verdict(program, flow) for program in programs] == expected


def test_what_stands_on_the_devices_of_a_walk_is_read(node: "Node") -> None:
    add = ["tc", "filter", "add", "dev", "up0", "egress", "bpf", "da", "bytecode"]
    node.run("tc qdisc add dev up0 clsact")
    with node.inside():
        subprocess.run([*add, "1,6 0 0 0"], check=True)
        found = read_attached({"up0"}, is_sent=False)
        elsewhere = read_attached({"lo"}, is_sent=False)
    assert [each.program for each in found.xdp] == [xdp_id(node)]
    assert [(each.filter.classifier, each.filter.direction) for each in found.filters] == [
        ("tcx", "ingress"),
        ("bpf", "egress"),
    ]
    assert [each.hindrance for each in found.filters] == ["", CLASSIC]
    assert (elsewhere.xdp, elsewhere.filters, found.unread) == ((), (), ())


def xdp_id(node: "Node") -> int:
    with node.inside():
        return xdp_program().program


def test_a_program_that_is_gone_says_nothing() -> None:
    gone = XdpProgramObject(interface="up0", program=2**31, name="", mode="native")
    assert "ENOENT" in str(verdict(gone, API))


def test_the_groups_of_this_process_end_with_the_root() -> None:
    try:
        folders = group_folders()
    except OSError:
        pytest.skip("no cgroup2 is in sight")
    assert list(folders)[-1] == "/"


@pytest.fixture
def linked() -> Iterator[None]:
    """A link that is not to netfilter, with its program."""
    instructions = returning(0)
    program = net_bpf.load(
        net_bpf.Program(type_=net_bpf.RAW_TRACEPOINT, instructions=instructions, name=b"edgediag")
    )
    link = net_bpf.open_raw_tracepoint(b"kfree_skb", program)
    yield
    os.close(link)
    os.close(program)


@pytest.mark.usefixtures("linked")
def test_the_programs_of_other_links_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[int] = []

    def name(program: int) -> str:
        named.append(program)
        return ""

    monkeypatch.setattr(bpf_programs, "program_name", name)
    found = bpf_programs.read_netfilter_programs()
    assert named == [item.program for item in found]


@pytest.mark.usefixtures("linked")
def test_more_links_than_are_gone_through_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpf_programs, "_MOST_LINKS", 1)
    assert read_host().netfilter_programs == NotChecked(
        reason="cannot read netfilter programs: E2BIG"
    )
