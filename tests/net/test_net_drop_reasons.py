"""The kernel's word on each kind of drop, made real in a namespace of its own."""

import errno
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import denied
from edgediag.lab import bpf as lab_bpf
from edgediag.lab import cgroup
from edgediag.lab.bpf import Match
from edgediag.model.answer import NotChecked
from edgediag.model.drops import UNWATCHED, KernelDrop
from edgediag.model.flow import Flow, Protocol
from edgediag.net import bpf, drop_reasons
from edgediag.net.drop_reasons import DropWatch, open_drop_watch

if TYPE_CHECKING:
    from tests.net.conftest import TwoNodes

pytestmark = [pytest.mark.netns, pytest.mark.usefixtures("needs_root")]

TUNNEL = Flow(
    protocol=Protocol.UDP,
    source=ip_address("192.0.2.1"),
    source_port=40000,
    destination=ip_address("192.0.2.2"),
    destination_port=4500,
)
TUNNEL_6 = replace(
    TUNNEL, source=ip_address("2001:db8::1"), destination=ip_address("2001:db8::2")
)
API = replace(TUNNEL, protocol=Protocol.TCP, destination_port=6443)
ECHO = replace(TUNNEL, protocol=Protocol.ICMP, source_port=77, destination_port=77)
HOOKED = "{{\\x20type\\x20filter\\x20hook\\x20{}\\x20priority\\x200;}}"
DROP_ALL = "bytecode 1,6\\x200\\x200\\x202"
SO_ATTACH_FILTER = 26
BPF_PROG_GET_FD_BY_ID = 13
BPF_LINK_CREATE, BPF_XDP = 28, 37
XDP_GENERIC, XDP_NATIVE = 2, 4
# Far longer than any timer that is waited for, which ends at the first word of it.
TIMER_S = 10.0


def drop(
    reason: str, location: str, *, is_reply: bool = False, interface: str = "up0"
) -> KernelDrop:
    return KernelDrop(reason=reason, location=location, interface=interface, is_reply=is_reply)


def watching(*flows: Flow) -> DropWatch:
    watch = open_drop_watch(flows)
    assert isinstance(watch, DropWatch), watch
    return watch


def run(nodes: "TwoNodes", *commands: str) -> None:
    """Commands on the node; \\x20 stands for a space inside a word."""
    for command in commands:
        words = [word.replace("\\x20", " ") for word in command.split()]
        with nodes.node.inside():
            subprocess.run(words, check=True)


def datagram_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def send(asked: Flow, count: int = 1, make: Callable[[], socket.socket] = datagram_socket) -> None:
    """Datagrams of the flow from the caller's namespace; a refusal is what the tests are about."""
    with make() as sender:
        sender.bind((str(asked.source), asked.source_port))
        for _ in range(count):
            with suppress(PermissionError):
                sender.sendto(b"ike", (str(asked.destination), asked.destination_port))


def told_by(watch: DropWatch, asked: Flow = TUNNEL) -> tuple[KernelDrop, ...]:
    """What a watch tells by now."""
    watch.read()
    told = watch.drops(asked)
    assert not isinstance(told, NotChecked), told
    return told


def awaited(watch: DropWatch, asked: Flow = TUNNEL) -> tuple[KernelDrop, ...]:
    """What a watch tells once it tells anything: a queue or a timer of the kernel may be slow."""
    deadline_s = time.monotonic() + TIMER_S
    while not (told := told_by(watch, asked)) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    return told


def dropped(
    nodes: "TwoNodes",
    asked: Flow = TUNNEL,
    *,
    make: Callable[[], socket.socket] = datagram_socket,
) -> tuple[KernelDrop, ...]:
    """What the kernel says of a packet of the flow."""
    with nodes.node.inside(), watching(asked) as watch:
        send(asked, make=make)
        return awaited(watch, asked)


def dropped_answers(
    nodes: "TwoNodes", count: int = 1, *, make: Callable[[], socket.socket] = datagram_socket
) -> tuple[KernelDrop, ...]:
    """What the kernel says of answers that come to a socket of the node."""
    with nodes.node.inside():
        held = make()
        watch = watching(TUNNEL)
    with held, watch:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        held.bind((str(TUNNEL.source), TUNNEL.source_port))
        with nodes.peer.inside():
            send(TUNNEL.reversed(), count)
        with nodes.node.inside():
            awaited(watch)
            # What else is told of the same answers.
            time.sleep(0.02)
            return told_by(watch)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param(
            (
                "nft add table inet f",
                f"nft add chain inet f out {HOOKED.format('output')}",
                "nft add rule inet f out udp dport 4500 drop",
            ),
            drop("NETFILTER_DROP", "nft_do_chain", interface=""),
            id="a rule of nftables at OUTPUT",
        ),
        pytest.param(
            ("iptables-legacy -A OUTPUT -p udp --dport 4500 -j DROP",),
            drop("NETFILTER_DROP", "nf_hook_slow", interface=""),
            id="a rule of iptables-legacy at OUTPUT",
        ),
        pytest.param(
            (
                "tc qdisc add dev up0 clsact",
                f"tc filter add dev up0 egress bpf da {DROP_ALL}",
            ),
            drop("TC_EGRESS", "__dev_queue_xmit"),
            id="a filter at egress",
        ),
        pytest.param(
            ("tc qdisc add dev up0 root tbf rate 8bit burst 20 limit 20",),
            drop("QDISC_DROP", "__dev_queue_xmit"),
            id="a starved discipline",
        ),
        pytest.param(
            (
                "sysctl -qw net.ipv4.neigh.up0.mcast_solicit=1",
                "sysctl -qw net.ipv4.neigh.up0.ucast_solicit=0",
                "sysctl -qw net.ipv4.neigh.up0.app_solicit=0",
                "sysctl -qw net.ipv4.neigh.up0.retrans_time_ms=20",
                "ip address add 203.0.113.1/24 dev up0",
                "ip route replace 192.0.2.2/32 via 203.0.113.2 src 192.0.2.1",
            ),
            drop("NEIGH_FAILED", "neigh_invalidate"),
            id="a next hop that nobody answers for",
        ),
        pytest.param(
            ("ip xfrm policy add dst 192.0.2.2 dir out tmpl proto esp mode transport",),
            drop("NOT_SPECIFIED", "dst_discard_out", interface=""),
            id="a policy of IPsec without a state",
        ),
    ],
)
def test_what_happens_to_a_packet(
    two_nodes: "TwoNodes", commands: tuple[str, ...], expected: KernelDrop
) -> None:
    run(two_nodes, *commands)
    assert dropped(two_nodes) == (expected,)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param(
            (
                "nft add table inet f",
                f"nft add chain inet f in {HOOKED.format('input')}",
                "nft add rule inet f in udp sport 4500 drop",
            ),
            drop("NETFILTER_DROP", "nft_do_chain", is_reply=True),
            id="a rule of nftables at INPUT",
        ),
        pytest.param(
            (
                "tc qdisc add dev up0 clsact",
                f"tc filter add dev up0 ingress bpf da {DROP_ALL}",
            ),
            drop("TC_INGRESS", "__netif_receive_skb_core", is_reply=True),
            id="a filter at ingress",
        ),
        pytest.param(
            (
                "sysctl -qw net.ipv4.conf.up0.rp_filter=1",
                "ip route add 192.0.2.2/32 dev lo src 192.0.2.1",
            ),
            drop("IP_RPFILTER", "ip_rcv_finish_core", is_reply=True),
            id="the reverse-path filter",
        ),
        pytest.param(
            ("ip xfrm policy add src 192.0.2.2 dst 192.0.2.1 dir in action block",),
            drop("XFRM_POLICY", "udp_queue_rcv_one_skb", is_reply=True),
            id="a policy of IPsec",
        ),
        pytest.param(
            ("ip link set up0 address 02:00:00:00:00:77",),
            drop("OTHERHOST", "ip_rcv_core", is_reply=True),
            id="a frame for another link-layer address",
        ),
    ],
)
def test_what_happens_to_an_answer(
    two_nodes: "TwoNodes", commands: tuple[str, ...], expected: KernelDrop
) -> None:
    two_nodes.peer.run("ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev down0")
    run(two_nodes, *commands)
    assert dropped_answers(two_nodes) == (expected,)


def test_an_answer_that_no_socket_waits_for(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside(), watching(TUNNEL) as watch:
        with two_nodes.peer.inside():
            send(TUNNEL.reversed())
        told = awaited(watch)
    assert told == (drop("NO_SOCKET", "__udp4_lib_rcv", is_reply=True),)


def test_an_answer_to_a_full_socket(two_nodes: "TwoNodes") -> None:
    assert {item.reason for item in dropped_answers(two_nodes, 40)} == {"SOCKET_RCVBUFF"}


@pytest.mark.parametrize(
    ("mode", "location"),
    [
        pytest.param(XDP_GENERIC, "do_xdp_generic", id="the kernel's own"),
        pytest.param(XDP_NATIVE, "veth_xdp_rcv_skb", id="the driver's"),
    ],
)
def test_a_program_of_the_device_drops_an_answer(
    two_nodes: "TwoNodes", mode: int, location: str
) -> None:
    match = Match(protocol=17, port=4500, direction="ingress")
    with two_nodes.node.inside():
        program = lab_bpf.load("xdp", lab_bpf.program("xdp", match))
        index = socket.if_nametoindex("up0")
        link = bpf.command(BPF_LINK_CREATE, struct.pack("=IIII", program, index, BPF_XDP, mode))
    try:
        assert dropped_answers(two_nodes) == (drop("NOT_SPECIFIED", location, is_reply=True),)
    finally:
        os.close(link)
        os.close(program)


# A socket belongs to the control group of the process that makes it, wherever it goes.
MAKES_SOCKET = """
import socket, sys
from edgediag.lab import cgroup
cgroup.join(sys.argv[1])
with socket.socket(fileno=int(sys.argv[2])) as sender:
    socket.send_fds(sender, [b"."], [socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach()])
"""


def socket_of_group(name: str) -> socket.socket:
    """A socket of the caller's namespace, made by a process of the control group."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words = (sys.executable, "-c", MAKES_SOCKET, name, str(theirs.fileno()))
        subprocess.run(words, check=True, pass_fds=[theirs.fileno()])
        _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
    return socket.socket(fileno=descriptor)


@pytest.fixture
def group(prefixes: Iterator[str]) -> Iterator[str]:
    """The name of a control group that nobody is in."""
    if cgroup.root() is None:
        pytest.skip("no cgroup2 is mounted")
    name = f"{next(prefixes)}-edge"
    cgroup.create(name)
    yield name
    cgroup.remove(name)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        pytest.param(
            "egress", drop("BPF_CGROUP_EGRESS", "ip_finish_output"), id="drops what is sent"
        ),
        pytest.param(
            "ingress",
            drop("SOCKET_FILTER", "udp_queue_rcv_one_skb", is_reply=True),
            id="drops what comes",
        ),
    ],
)
def test_a_program_of_a_control_group(
    two_nodes: "TwoNodes", group: str, direction: str, expected: KernelDrop
) -> None:
    match = Match(protocol=17, port=4500, direction=direction)
    program = lab_bpf.load("cgroup", lab_bpf.program("cgroup", match))
    folder = os.open(cgroup.create(group), os.O_RDONLY)
    try:
        lab_bpf.attach_to_cgroup(program, folder, direction)
        made = partial(socket_of_group, group)
        told = (dropped_answers if expected.is_reply else dropped)(two_nodes, make=made)
    finally:
        os.close(folder)
        os.close(program)
    assert told == (expected,)


def test_a_checksum_that_does_not_fit(two_nodes: "TwoNodes") -> None:
    datagram = struct.pack(">HHHH", 4500, 40000, 11, 0x1234) + b"ike"
    with two_nodes.node.inside(), watching(TUNNEL) as watch:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
            held.bind(("192.0.2.1", 40000))
            with two_nodes.peer.inside():
                sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
            with sender:
                sender.sendto(datagram, ("192.0.2.1", 0))
            held.setblocking(False)
            deadline_s = time.monotonic() + TIMER_S
            while not (told := told_by(watch)) and time.monotonic() < deadline_s:
                # Whoever reads the datagram is who looks at its checksum.
                with suppress(BlockingIOError):
                    held.recv(99)
    assert [(item.reason, item.is_reply) for item in told] == [("UDP_CSUM", True)]


@pytest.mark.parametrize(
    ("is_listening", "expected"),
    [
        pytest.param(True, 0, id="that is accepted"),
        pytest.param(False, errno.ECONNREFUSED, id="that is refused"),
    ],
)
def test_a_connection_is_no_drop_of_the_packet(
    two_nodes: "TwoNodes", is_listening: bool, expected: int
) -> None:
    with two_nodes.peer.inside():
        listener = socket.socket()
    with listener, two_nodes.node.inside(), watching(API) as watch:
        listener.bind(("192.0.2.2", 6443))
        if is_listening:
            listener.listen()
        with socket.socket() as client:
            client.bind(("192.0.2.1", 40000))
            ended = client.connect_ex(("192.0.2.2", 6443))
        told = told_by(watch, API)
    assert (ended, [item for item in told if not item.is_reply]) == (expected, [])


def test_an_echo_is_told_by_its_identifier(two_nodes: "TwoNodes") -> None:
    run(two_nodes, "tc qdisc add dev up0 clsact", f"tc filter add dev up0 egress bpf da {DROP_ALL}")
    echo = struct.pack(">BBHHH", 8, 0, 0xFFFF - 0x0800 - 77 - 1, 77, 1)
    with two_nodes.node.inside(), watching(ECHO) as watch:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
            sender.sendto(echo, ("192.0.2.2", 0))
        told = awaited(watch, ECHO)
    assert told == (drop("TC_EGRESS", "__dev_queue_xmit"),)


def test_the_same_flow_in_another_namespace_is_another(two_nodes: "TwoNodes") -> None:
    with two_nodes.peer.inside():
        watch = watching(TUNNEL)
    run(two_nodes, "tc qdisc add dev up0 clsact", f"tc filter add dev up0 egress bpf da {DROP_ALL}")
    with watch, two_nodes.node.inside():
        send(TUNNEL)
        assert told_by(watch) == ()


def test_a_flow_that_was_not_watched_is_said_so(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside(), watching(TUNNEL) as watch:
        assert isinstance(watch.drops(API), NotChecked)


def test_packets_of_ipv6_are_told_of_beside_those_of_ipv4(two_nodes: "TwoNodes") -> None:
    two_nodes.node.run("ip address add 2001:db8::1/64 dev up0 nodad")
    two_nodes.peer.run("ip address add 2001:db8::2/64 dev down0 nodad")
    run(
        two_nodes,
        "nft add table inet f",
        f"nft add chain inet f out {HOOKED.format('output')}",
        "nft add rule inet f out udp dport 4500 drop",
    )
    with two_nodes.node.inside(), watching(TUNNEL, TUNNEL_6) as watch:
        send(TUNNEL_6, make=lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        six, four = awaited(watch, TUNNEL_6), told_by(watch, TUNNEL)
    assert ([item.reason for item in six], four) == (["NETFILTER_DROP"], ())


def test_what_is_asked_for_later_is_known_after_the_end(two_nodes: "TwoNodes") -> None:
    with two_nodes.node.inside():
        with watching(TUNNEL) as watch:
            pass
        assert watch.drops(TUNNEL) == ()


PROGRAM = """
import sys, time
from tests.net.test_net_drop_reasons import TUNNEL, watching
watch = watching(TUNNEL)
print("open", flush=True)
time.sleep(60)
"""


def held_programs(process: int) -> set[int]:
    """The numbers of the programs that a process has descriptors of."""
    texts = [path.read_text() for path in Path(f"/proc/{process}/fdinfo").iterdir()]
    lines = [line.split() for text in texts for line in text.splitlines()]
    return {int(words[1]) for words in lines if words[0] == "prog_id:"}


def is_loaded(number: int) -> bool:
    """Whether the kernel still has a program."""
    try:
        os.close(bpf.command(BPF_PROG_GET_FD_BY_ID, struct.pack("=III", number, 0, 0)))
    except FileNotFoundError:
        return False
    return True


def test_a_kill_leaves_nothing_behind() -> None:
    words = ("env", f"PYTHONPATH={denied.PATH}", sys.executable, "-c", PROGRAM)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            said = child.stdout.readline()
            (number,) = held_programs(child.pid)
            was_loaded = is_loaded(number)
        finally:
            child.kill()
    deadline_s = time.monotonic() + 2.0
    while is_loaded(number) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert (said, was_loaded, is_loaded(number)) == ("open\n", True, False)


ASKS = """
from tests.net.test_net_drop_reasons import TUNNEL
from edgediag.net.drop_reasons import open_drop_watch
print(open_drop_watch([TUNNEL]).reason)
"""


@pytest.mark.parametrize(
    ("denial", "reason"),
    [
        pytest.param("bpf-refused", "EPERM", id="bpf(2) is forbidden"),
        pytest.param("bpf-unknown", "ENOSYS", id="bpf(2) is hidden"),
        pytest.param("no-CAP_BPF", "EPERM", id="the capabilities are gone"),
    ],
)
def test_what_is_denied_is_said(denial: str, reason: str) -> None:
    command = denied.command(denial, (sys.executable, "-c", ASKS))
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (
        f"{UNWATCHED}: {drop_reasons.REASONS[reason]}\n", ""
    )


def test_a_kernel_that_does_not_describe_itself_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop_reasons, "BTF", tmp_path / "vmlinux")
    missing = open_drop_watch([TUNNEL])
    (tmp_path / "vmlinux").write_bytes(b"\x9f\xeb garbage")
    malformed = open_drop_watch([TUNNEL])
    assert isinstance(missing, NotChecked) and "ENOENT" in missing.reason
    assert isinstance(malformed, NotChecked) and "does not describe packets" in malformed.reason
