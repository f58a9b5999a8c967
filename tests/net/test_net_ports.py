"""The source ports a run holds."""

import errno
import os
import resource
import socket
from collections.abc import Iterator

import pytest

from edgediag.errors import CannotRunError
from edgediag.net.ports import MAX_PORTS, PortBlock, hold_ports


@pytest.fixture
def block() -> Iterator[PortBlock]:
    with hold_ports(4) as held:
        yield held


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def bind_errno(kind: socket.SocketKind, port: int) -> int:
    with socket.socket(socket.AF_INET, kind) as rival:
        try:
            rival.bind(("127.0.0.1", port))
        except OSError as exc:
            return exc.errno or 0
    return 0


def test_the_ports_are_contiguous_and_in_the_range(block: PortBlock) -> None:
    assert len(block.numbers) == 4
    assert set(block.numbers) <= set(range(20000, 60001))


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_no_other_program_can_have_them(block: PortBlock, kind: socket.SocketKind) -> None:
    taken = [bind_errno(kind, port) for port in block.numbers]
    assert taken == [errno.EADDRINUSE] * 4


def test_the_sockets_handed_out_are_bound_to_their_port_on_every_address(block: PortBlock) -> None:
    port = block.numbers[2]
    handed_out = (block.udp(port), block.tcp(port))
    assert [one.getsockname() for one in handed_out] == [("0.0.0.0", port)] * 2
    assert [one.getblocking() for one in handed_out] == [False, False]


def test_ports_are_held_for_both_ip_versions_where_both_are_used() -> None:
    with hold_ports(3, versions=(4, 6)) as held:
        port = held.numbers[1]
        held.tcp(port, 6).close()
        sockets = (held.udp(port), held.udp(port, 6), held.tcp(port, 6))
        assert [one.getsockname()[:2] for one in sockets] == [
            ("0.0.0.0", port),
            ("::", port),
            ("::", port),
        ]


def test_a_port_that_is_taken_in_ipv6_alone_is_passed_over() -> None:
    with socket.socket(socket.AF_INET6) as rival, hold_ports(4) as free:
        base = free.numbers[0]
        free.close()
        rival.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        rival.bind(("::", base))
        with hold_ports(3, versions=(4, 6), bases=(base, base + 1)) as held:
            assert held.numbers == range(base + 1, base + 4)


def test_a_tcp_socket_closed_after_use_is_replaced(block: PortBlock) -> None:
    port = block.numbers[0]
    block.tcp(port).close()
    assert block.tcp(port).getsockname() == ("0.0.0.0", port)
    assert block.tcp(port) is block.tcp(port)


def test_a_port_that_was_lost_in_between_is_an_error_of_its_own(block: PortBlock) -> None:
    port = block.numbers[0]
    block.tcp(port).close()
    with socket.socket() as rival:
        rival.bind(("127.0.0.1", port))
        with pytest.raises(OSError, match="in use"):
            block.tcp(port)


def test_a_base_with_a_port_in_use_is_passed_over() -> None:
    with hold_ports(2) as rival, hold_ports(20) as free:
        base = free.numbers[0]
        free.close()
        with hold_ports(3, bases=(rival.numbers[0] - 2, rival.numbers[1], base)) as held:
            assert held.numbers == range(base, base + 3)


def test_no_port_may_be_a_node_port() -> None:
    # A third of all blocks of 900 would meet them: 12 in a row miss them by chance once in 140.
    for _ in range(12):
        with hold_ports(900) as held:
            assert not set(held.numbers) & set(range(30000, 32768))


def test_when_no_block_is_free_it_says_what_to_do() -> None:
    with hold_ports(1) as rival:
        before = open_descriptors()
        with pytest.raises(CannotRunError, match=r"no such block is free .* `ss -Htuan`"):
            hold_ports(3, bases=(rival.numbers[0] - 2, rival.numbers[0]))
        assert open_descriptors() == before


@pytest.mark.parametrize("count", [0, MAX_PORTS + 1])
def test_a_count_out_of_bounds_is_refused(count: int) -> None:
    with pytest.raises(CannotRunError, match="the most is 1000"):
        hold_ports(count)


def test_closing_gives_every_descriptor_back() -> None:
    before = open_descriptors()
    with hold_ports(50):
        held = open_descriptors() - before
    assert (held, open_descriptors()) == (100, before)


def test_the_limit_of_open_files_is_raised_as_far_as_needed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    try:
        with hold_ports(200):
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (656, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_limit_of_open_files_that_may_not_be_raised_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbid(_: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    monkeypatch.setattr(resource, "setrlimit", forbid)
    with pytest.raises(CannotRunError, match="run `ulimit -n 456` first"):
        hold_ports(100)
