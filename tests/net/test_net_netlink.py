"""A raw netlink socket against the running kernel."""

import os
import select
from dataclasses import replace

import pytest

from edgediag.host.attributes import attribute, native32, string
from edgediag.host.messages import NLM_F_CREATE, NLM_F_REQUEST, Message
from edgediag.net.netlink import (
    NETLINK_NETFILTER,
    NETLINK_ROUTE,
    Dump,
    NetlinkSocket,
    Refusal,
)

pytestmark = pytest.mark.netns

RTM_GETLINK, RTM_GETROUTE = 18, 26
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
NFT_NEWTABLE, NFT_GETTABLE, NFT_NEWCHAIN = 10 << 8, 10 << 8 | 1, 10 << 8 | 3
BATCH_BEGIN, BATCH_END = 16, 17
IFLA_IFNAME = 3
INET = bytes([1, 0, 0, 0])


def link_named(name: str) -> bytes:
    return bytes(16) + string(IFLA_IFNAME, name)


def changes(*inner: Message) -> list[Message]:
    bracket = bytes([0, 0, 0, 10])
    begin, end = (
        Message(type_=type_, flags=NLM_F_REQUEST, sequence=0, payload=bracket)
        for type_ in (BATCH_BEGIN, BATCH_END)
    )
    return [begin, *inner, end]


def new(type_: int, *attributes: bytes) -> Message:
    flags = NLM_F_REQUEST | NLM_F_CREATE | 4
    return Message(type_=type_, flags=flags, sequence=0, payload=INET + b"".join(attributes))


def test_a_question_has_one_answer(two_nodes) -> None:
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE) as netlink:
        answer = netlink.request(RTM_GETLINK, link_named("up0"))
    assert isinstance(answer, Message) and b"up0\0" in answer.payload


def test_a_refusal_is_a_value(two_nodes) -> None:
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE) as netlink:
        answer = netlink.request(RTM_GETLINK, link_named("nosuch0"))
    assert answer == Refusal(errno_name="ENODEV", text="")


def test_the_kernel_says_why(two_nodes) -> None:
    header = bytes([2, 32, 0, 0, 0, 0, 0, 0]) + bytes(4)
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE) as netlink:
        answer = netlink.request(RTM_GETROUTE, header + native32(1, 0) + native32(99, 0))
    assert isinstance(answer, Refusal) and (answer.errno_name, bool(answer.text)) == (
        "EINVAL",
        True,
    )


def test_a_dump_of_many_datagrams_is_whole(two_nodes, tmp_path) -> None:
    batch = tmp_path / "routes"
    lines = (f"route add 203.0.{n // 250}.{n % 250}/32 dev up0\n" for n in range(5000))
    batch.write_text("".join(lines))
    two_nodes.node.run(f"ip -batch {batch}")
    header = bytes([2]) + bytes(11)
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE) as netlink:
        dump = netlink.dump(RTM_GETROUTE, header)
        again = netlink.dump(RTM_GETROUTE, header)
    assert isinstance(dump, Dump) and isinstance(again, Dump)
    assert (len(dump.messages) > 5000, dump.is_torn) == (True, False)
    assert len(again.messages) == len(dump.messages)


def test_a_transaction_is_made_whole(two_nodes) -> None:
    made = changes(
        new(NFT_NEWTABLE, string(1, "t")), new(NFT_NEWCHAIN, string(1, "t"), string(3, "c"))
    )
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_NETFILTER) as netlink:
        assert netlink.transact(made) is None
        assert isinstance(netlink.request(NFT_GETTABLE, INET + string(1, "t")), Message)


def test_a_transaction_is_not_made_at_all_where_one_change_fails(two_nodes) -> None:
    made = changes(
        new(NFT_NEWTABLE, string(1, "t")), new(NFT_NEWCHAIN, string(1, "nosuch"), string(3, "c"))
    )
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_NETFILTER) as netlink:
        refusal = netlink.transact(made)
        after = netlink.request(NFT_GETTABLE, INET + string(1, "t"))
    assert refusal == Refusal(errno_name="ENOENT", text="")
    assert after == Refusal(errno_name="ENOENT", text="")


def test_without_privilege_a_transaction_is_refused(two_nodes) -> None:
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_NETFILTER) as netlink:
        os.seteuid(65534)
        try:
            refusal = netlink.transact(changes(new(NFT_NEWTABLE, string(1, "t"))))
        finally:
            os.seteuid(0)
    assert isinstance(refusal, Refusal) and refusal.errno_name == "EPERM"


def test_the_descriptor_can_be_polled(two_nodes) -> None:
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE, group=1) as links:
        two_nodes.node.run("ip link set lo down")
        assert select.select([links], [], [], 1.0)[0] == [links]


def test_a_socket_that_is_told_nothing_gives_up(two_nodes) -> None:
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE) as netlink:
        assert netlink.receive() == Refusal(errno_name="ETIMEDOUT", text="")


def test_changes_stand_each_by_itself(two_nodes) -> None:
    # 300 of them: more than go into one datagram. Deleting what is not there is refused.
    def change(type_: int, last: int) -> Message:
        header = bytes([2, 32, 0, 0, 99, 3, 0, 6]) + bytes(4)
        payload = header + attribute(1, bytes([203, 0, 113, last]))
        return Message(type_=type_, flags=NLM_F_CREATE, sequence=0, payload=payload)

    added = [change(RTM_NEWROUTE, number % 200) for number in range(300)]
    with two_nodes.node.inside(), NetlinkSocket(NETLINK_ROUTE) as netlink:
        assert netlink.apply(added[:200]) == {}
        twice = netlink.apply([replace(each, flags=NLM_F_CREATE | 0x200) for each in added])
        removed = netlink.apply([change(RTM_DELROUTE, 7), change(RTM_DELROUTE, 250)])
        assert netlink.apply([]) == {}
    exists = Refusal(errno_name="EEXIST", text="")
    assert twice == dict.fromkeys(range(300), exists)
    assert removed == {1: Refusal(errno_name="ESRCH", text="")}
