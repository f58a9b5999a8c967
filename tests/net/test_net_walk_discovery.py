"""Rules that neighbour discovery meets: the walk says of a next hop what the kernel makes of it."""

import shutil
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from edgediag.model.flow import Flow, Protocol
from net.next_hop import Said, said_of, tells_its_mac

if TYPE_CHECKING:
    from tests.net.conftest import Node, TwoNodes

pytestmark = pytest.mark.netns

PASSES: Said = ("passes", (), ())
# A busy machine takes its time; that nothing comes shows at once.
PATIENCE_S = {True: 2.0, False: 0.3}
OUTGOING, INCOMING = ("output", "postrouting"), ("prerouting", "input")
FROM_ALL = "ip6 saddr fe80::/10"


def dropped(family: str, chain: str) -> Said:
    return "dropped", ((family, chain),), ()


def nft(hook: str, words: str, family: str = "inet", priority: int = 0) -> tuple[str, ...]:
    return (
        f"nft add table {family} t",
        f"nft add chain {family} t c {{type filter hook {hook} priority {priority};}}",
        f"nft add rule {family} t c {words}",
    )


def wired(nodes: "TwoNodes") -> None:
    nodes.node.run(
        "ip address add 2001:db8:2::1/64 dev up0 nodad",
        "ip address add fe80::1/64 dev up0 nodad",
        "ip route add default via fe80::2 dev up0",
    )
    nodes.peer.run(
        "ip address add 2001:db8:2::2/64 dev down0 nodad",
        "ip address add fe80::2/64 dev down0 nodad",
        # Else it asks by itself, and the node learns from that.
        *(
            f"ip neighbour replace {address} lladdr 02:00:00:00:00:01 dev down0 nud permanent"
            for address in ("2001:db8:2::1", "fe80::1")
        ),
    )


def flow_to(destination: str) -> Flow:
    return Flow(
        protocol=Protocol.UDP,
        source=ip_address("2001:db8:2::1"),
        source_port=4499,
        destination=ip_address(destination),
        destination_port=4500,
    )


BEYOND, ON_LINK = flow_to("2001:db8:9::9"), flow_to("2001:db8:2::2")


def said(node: "Node", flow: Flow = BEYOND) -> Said:
    return said_of(node, flow)


def is_resolved(node: "Node", within_s: float) -> bool:
    return tells_its_mac(node, BEYOND, "fe80::2", within_s=within_s)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param((), PASSES, id="no rule"),
        pytest.param(
            nft("input", "meta l4proto ipv6-icmp drop"), dropped("inet", "c"), id="all of ICMPv6"
        ),
        pytest.param(
            nft("output", "icmpv6 type nd-neighbor-solicit drop"),
            dropped("inet", "c"),
            id="every question",
        ),
        pytest.param(
            nft("postrouting", "icmpv6 type nd-neighbor-solicit drop", "ip6"),
            dropped("ip6", "c"),
            id="every question, behind OUTPUT",
        ),
        pytest.param(
            nft("prerouting", "icmpv6 type nd-neighbor-advert drop", "ip6"),
            dropped("ip6", "c"),
            id="every answer, before routing",
        ),
        pytest.param(
            nft("input", "icmpv6 type nd-neighbor-solicit drop"), PASSES, id="others' questions"
        ),
        pytest.param(nft("input", f"{FROM_ALL} drop"), dropped("inet", "c"), id="of the link"),
        pytest.param(
            nft("output", "ip6 daddr ff02::/16 drop"), dropped("inet", "c"), id="to groups"
        ),
        pytest.param(
            nft("output", "ip6 daddr ff02::1:ff00:3 drop"), PASSES, id="for another neighbour"
        ),
        pytest.param(
            nft("input", "ip6 hoplimit != 255 drop"), PASSES, id="from beyond the link"
        ),
        pytest.param(
            nft("input", "ct state untracked drop"), dropped("inet", "c"), id="of no connection"
        ),
        pytest.param(nft("input", "ct state invalid drop"), PASSES, id="of no right connection"),
        pytest.param(
            nft("prerouting", "ct state invalid drop", priority=-300),
            dropped("inet", "c"),
            id="before connections are looked at",
        ),
        pytest.param(
            (
                "nft add table inet t",
                "nft add chain inet t c {type filter hook input priority 0; policy drop;}",
                "nft add rule inet t c ct state established,related accept",
            ),
            dropped("inet", "c"),
            id="by a policy that lets in answers alone",
        ),
        pytest.param(
            (
                "nft add table netdev t",
                "nft add chain netdev t c {type filter hook ingress device up0 priority 0;}",
                "nft add rule netdev t c icmpv6 type nd-neighbor-advert drop",
            ),
            dropped("netdev", "c"),
            id="at the device",
        ),
    ],
)
def test_the_kernel_fares_as_the_walk_says(
    two_nodes: "TwoNodes", commands: tuple[str, ...], expected: Said
) -> None:
    wired(two_nodes)
    two_nodes.node.run(*commands, "ip neighbour flush dev up0")
    answer, passes = said(two_nodes.node), expected == PASSES
    assert (answer, is_resolved(two_nodes.node, PATIENCE_S[passes])) == (expected, passes)


@pytest.mark.parametrize("backend", ["legacy", "nft"])
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(
            ("-A INPUT -p ipv6-icmp -j DROP",), dropped("ip6", "INPUT"), id="all of ICMPv6"
        ),
        pytest.param(
            ("-A OUTPUT -p ipv6-icmp --icmpv6-type neighbour-solicitation -j DROP",),
            dropped("ip6", "OUTPUT"),
            id="every question",
        ),
        pytest.param(
            (
                "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "-A INPUT -p ipv6-icmp --icmpv6-type echo-request -j ACCEPT",
                "-P INPUT DROP",
            ),
            dropped("ip6", "INPUT"),
            id="by a policy that lets in pings alone",
        ),
        pytest.param(
            (
                "-A INPUT -p ipv6-icmp --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT",
                "-P INPUT DROP",
            ),
            PASSES,
            id="let in from the link, as ufw does",
        ),
    ],
)
def test_the_kernel_fares_as_the_walk_says_of_ip6tables(
    two_nodes: "TwoNodes", backend: str, rules: tuple[str, ...], expected: Said
) -> None:
    tool = f"ip6tables-{backend}"
    if shutil.which(tool) is None:
        pytest.skip(f"needs {tool}")
    wired(two_nodes)
    two_nodes.node.run(*(f"{tool} {rule}" for rule in rules), "ip neighbour flush dev up0")
    answer, passes = said(two_nodes.node), expected == PASSES
    assert (answer, is_resolved(two_nodes.node, PATIENCE_S[passes])) == (expected, passes)


def test_a_neighbour_may_answer_from_any_of_its_addresses(two_nodes: "TwoNodes") -> None:
    wired(two_nodes)
    two_nodes.node.run(*nft("input", f"{FROM_ALL} drop"), "ip neighbour flush dev up0")
    assert said(two_nodes.node, ON_LINK) == ("undetermined", (), ("ip6 saddr",))


def test_a_question_with_a_smaller_hop_limit_is_not_judged(two_nodes: "TwoNodes") -> None:
    wired(two_nodes)
    two_nodes.node.run(
        *nft("postrouting", "ip6 hoplimit set 64"), "ip neighbour flush dev up0"
    )
    doubt = "what a rule has written into neighbour discovery"
    assert said(two_nodes.node) == ("undetermined", (), (doubt,))


def test_a_question_that_a_rule_marks_goes_its_way(two_nodes: "TwoNodes") -> None:
    wired(two_nodes)
    two_nodes.node.run(
        "nft add table inet t",
        "nft add chain inet t c {type route hook output priority -150;}",
        "nft add rule inet t c icmpv6 type nd-neighbor-solicit meta mark set 7",
        "ip neighbour flush dev up0",
    )
    answer = said(two_nodes.node)
    assert (answer, is_resolved(two_nodes.node, PATIENCE_S[True])) == (PASSES, True)


def test_a_next_hop_that_is_known_is_not_asked_for(two_nodes: "TwoNodes") -> None:
    wired(two_nodes)
    two_nodes.node.run(
        *nft("output", "meta l4proto ipv6-icmp drop"),
        "ip neighbour replace fe80::2 lladdr 02:00:00:00:00:02 dev up0 nud permanent",
    )
    assert said(two_nodes.node) == PASSES
