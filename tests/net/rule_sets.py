"""Rule sets made at random, and packets aimed at their rules.

Each condition knows the values for which it holds and some for which it just does not, so that
packets come to rules that packets at random would pass by.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from edgediag.model.flow import Flow, Protocol

Values = Mapping[str, str | int]


@dataclass(frozen=True)
class Condition:
    """A condition in the words of its tool.

    hit   values of a packet for which it holds; empty where it does not look at those
    near  values for which it just does not hold
    """

    text: str
    hit: Values = field(default_factory=dict)
    near: Values = field(default_factory=dict)


@dataclass(frozen=True)
class RuleSet:
    """A rule set as its tool reads it.

    tool   the command that loads it
    rules  the conditions of each rule
    """

    tool: tuple[str, ...]
    text: str
    rules: tuple[tuple[Condition, ...], ...]


def _c(text: str, hit: Values | None = None, near: Values | None = None) -> Condition:
    return Condition(text, hit or {}, near or {})


UDP, TCP = {"protocol": "udp"}, {"protocol": "tcp"}

NFT: tuple[Condition, ...] = (
    _c(
        "ip daddr 198.51.100.0/24",
        {"destination": "198.51.100.7"},
        {"destination": "198.51.101.7"},
    ),
    _c("ip daddr != 192.0.2.1", {"destination": "203.0.113.9"}, {"destination": "192.0.2.1"}),
    _c("ip saddr 192.0.2.2", {"source": "192.0.2.2"}, {"source": "198.51.100.99"}),
    _c("ip saddr != 198.51.100.0/24", {"source": "192.0.2.2"}, {"source": "198.51.100.99"}),
    _c(
        "ip daddr { 192.0.2.1, 203.0.113.0-203.0.113.20 }",
        {"destination": "203.0.113.20"},
        {"destination": "203.0.113.21"},
    ),
    _c("udp dport { 500, 4500 }", {**UDP, "port": 4500}, {**UDP, "port": 4501}),
    _c("udp dport 100-600", {**UDP, "port": 600}, {**UDP, "port": 601}),
    _c("udp dport != 53", {**UDP, "port": 123}, {**UDP, "port": 53}),
    _c("tcp dport { 6443, 10250 }", {**TCP, "port": 6443}, {**TCP, "port": 6444}),
    _c("tcp flags & (syn | ack) == syn", TCP, UDP),
    _c("udp sport 40000-50000", UDP, TCP),
    _c("meta l4proto tcp", TCP, UDP),
    _c("icmp type echo-request", {"protocol": "icmp"}, UDP),
    _c("meta nfproto ipv4"),
    _c("meta mark & 0x3 == 0x1"),
    _c("meta mark 0x0"),
    _c("ct state established,related"),
    _c("ct state new"),
    _c("ct state invalid"),
    _c("ct state untracked"),
    _c("ct status dnat"),
    _c(
        "ct original ip daddr 192.0.2.1",
        {"destination": "192.0.2.1"},
        {"destination": "192.0.2.3"},
    ),
    _c("meta l4proto udp ct original proto-dst 4500", {**UDP, "port": 4500}, {**UDP, "port": 4499}),
    _c('iifname "up0"'),
    _c('iifname "out*"'),
    _c("iif lo"),
    _c('oifname "out0"', {"destination": "203.0.113.9"}, {"destination": "198.51.100.7"}),
    _c("oif 0"),
    _c("meta skuid 0"),
    _c("fib daddr type local", {"destination": "192.0.2.1"}, {"destination": "192.0.2.3"}),
    _c("fib daddr type broadcast", {"destination": "192.0.2.255"}, {"destination": "192.0.2.254"}),
    _c("fib saddr type unicast"),
    _c("meta pkttype host"),
    _c(
        "ip daddr . udp dport { 198.51.100.2 . 123, 192.0.2.1 . 4500 }",
        {**UDP, "destination": "192.0.2.1", "port": 4500},
        {**UDP, "destination": "192.0.2.1", "port": 123},
    ),
    _c(
        "ip saddr . udp dport @pairs",
        {**UDP, "source": "192.0.2.2", "port": 600},
        {**UDP, "source": "192.0.2.2", "port": 601},
    ),
    _c("ip daddr @nets", {"destination": "198.51.100.3"}, {"destination": "198.51.100.4"}),
    _c("ip ttl < 3"),
    _c("ip frag-off & 0x1fff != 0"),
    _c("limit rate 1000/second"),
    _c("ct direction reply"),
    _c("ct direction original"),
    _c("ct mark 7"),
)
_NFT_ENDS = (
    "drop", "accept", "accept", "return", "return", "jump sub", "goto sub", "counter",
    "meta mark set 0x1", "meta mark set meta mark | 0x2", "udp dport vmap @ends",
    'log prefix "x"', "ct mark set 7",
)
NFT_ENDS: Mapping[str, tuple[str, ...]] = {
    "ingress": ("drop", "accept", "return", "counter", "meta mark set 0x1"),
    "raw": (*_NFT_ENDS, "notrack"),
    "prerouting": _NFT_ENDS,
    "input": (*_NFT_ENDS, "reject"),
    "forward": (*_NFT_ENDS, "reject"),
    "output": (*_NFT_ENDS, "reject"),
    "postrouting": _NFT_ENDS,
}
# Of what a device's own chain can know: nothing of connections, of routes and of sockets.
_NOT_AT_DEVICE = ("ct ", "fib ", "oif", "meta skuid", "meta nfproto", "@")
_SETS = (
    " set pairs { type ipv4_addr . inet_service; flags interval;"
    " elements = { 192.0.2.0/30 . 400-600, 198.51.100.2 . 53 } }\n"
    " set nets { type ipv4_addr; flags interval; elements = { 198.51.100.0/30 } }\n"
    " map ends { type inet_service : verdict;"
    " elements = { 53 : drop, 123 : accept, 500 : jump sub } }\n"
)
RECEIVED_HOOKS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("prerouting", (-300, -150, -10)),
    ("input", (-10, 0, 10)),
    ("forward", (-10, 0, 10)),
    ("postrouting", (0, 110)),
)
SENT_HOOKS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("output", (-300, -150, 0)),
    ("output", (-300, -150, 0)),
    ("postrouting", (0, 10)),
    ("prerouting", (-300, -150)),
    ("input", (0, 10)),
)


# How the conditions begin that no evaluation can know, drawn less often than the rest.
ODDS = ("limit", "-m statistic")


class Writer:
    """Writes rules, and keeps what it has written."""

    def __init__(self, draw: random.Random, conditions: Sequence[Condition]) -> None:
        self._draw = draw
        self._conditions = tuple(conditions)
        self.rules: list[tuple[Condition, ...]] = []

    def conditions(self, most: int, allowed: Callable[[Condition], bool]) -> str:
        """The text of some conditions for a rule."""
        is_odd = self._draw.random() < 0.1
        fitting = [
            each
            for each in self._conditions
            if allowed(each) and (is_odd or not each.text.startswith(ODDS))
        ]
        chosen = tuple(self._draw.sample(fitting, self._draw.randint(1, most)))
        if all(each.text.startswith(ODDS) for each in chosen):
            # Alone it would leave every packet of the set undecided.
            aimed_at = [each for each in fitting if each.hit and each not in chosen]
            chosen = (self._draw.choice(aimed_at), *chosen)
        self.rules.append(chosen)
        return " ".join(each.text for each in chosen)

    def nft(
        self, ends: Sequence[str], allowed: Callable[[Condition], bool] = lambda each: True
    ) -> str:
        """The lines of one chain."""
        return "".join(
            f"  {self.conditions(2, allowed)} {self._draw.choice(ends)}\n"
            for _ in range(self._draw.randint(1, 6))
        )


def native(draw: random.Random, hooks: Sequence[tuple[str, tuple[int, ...]]]) -> RuleSet:
    """Two to four base chains at the hooks, a chain they jump to, sets and a map."""
    writer = Writer(draw, NFT)
    # A map inside the chain that it jumps to would be a loop.
    inner = tuple(end for end in _NFT_ENDS if "sub" not in end and "vmap" not in end)
    text = f"table inet t {{\n{_SETS} chain sub {{\n{writer.nft(inner)} }}\n"
    for place in range(draw.randint(2, 4)):
        hook, priorities = draw.choice(hooks)
        priority = draw.choice(priorities) + place
        policy = draw.choice(("accept",) * 7 + ("drop",))
        ends = NFT_ENDS["raw" if priority < -200 else hook]
        text += (
            f" chain c{place} {{\n type filter hook {hook} priority {priority};"
            f" policy {policy};\n{writer.nft(ends)} }}\n"
        )
    text += _translations(draw, hooks) + "}\n"
    if hooks is RECEIVED_HOOKS and draw.random() < 0.25:
        text += _at_device(writer)
    return RuleSet(("nft", "-f", "-"), text, tuple(writer.rules))


def _translations(draw: random.Random, hooks: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    if draw.random() < 0.6:
        return ""
    hook = "prerouting" if hooks is RECEIVED_HOOKS else "output"
    to = draw.choice(("198.51.100.2", "192.0.2.1:4500", "203.0.113.9:123"))
    text = (
        f" chain n {{\n type nat hook {hook} priority -100;\n"
        f"  udp dport 400-700 dnat ip to {to}\n }}\n"
    )
    if draw.random() < 0.5:
        text += " chain m {\n type nat hook postrouting priority 100;\n"
        text += '  oifname "out0" masquerade\n }\n'
    return text


def _at_device(writer: Writer) -> str:
    rules = writer.nft(
        NFT_ENDS["ingress"],
        lambda each: not any(word in each.text for word in _NOT_AT_DEVICE),
    )
    return (
        f"table netdev d {{\n chain g {{\n type filter hook ingress device up0 priority 0;\n"
        f"{rules} }}\n}}\n"
    )


XT: tuple[Condition, ...] = (
    _c("-p udp -m multiport --dports 500,4000:5000", {**UDP, "port": 5000}, {**UDP, "port": 5001}),
    _c("-p tcp -m tcp --syn", TCP, UDP),
    _c("-p tcp --dport 6443", {**TCP, "port": 6443}, {**TCP, "port": 6442}),
    _c("-p udp ! --dport 53", {**UDP, "port": 123}, {**UDP, "port": 53}),
    _c("-p icmp --icmp-type echo-request", {"protocol": "icmp"}, UDP),
    _c("-d 198.51.100.0/24", {"destination": "198.51.100.7"}, {"destination": "198.51.101.7"}),
    _c("! -d 192.0.2.1", {"destination": "203.0.113.9"}, {"destination": "192.0.2.1"}),
    _c("-s 192.0.2.2", {"source": "192.0.2.2"}, {"source": "198.51.100.99"}),
    _c("-m conntrack --ctstate NEW"),
    _c("-m conntrack --ctstate RELATED,ESTABLISHED"),
    _c("-m conntrack --ctstate INVALID,UNTRACKED"),
    _c("-m conntrack --ctstate DNAT"),
    _c(
        "-m conntrack --ctorigdst 198.51.100.2",
        {"destination": "198.51.100.2"},
        {"destination": "198.51.100.3"},
    ),
    _c("-m conntrack --ctdir ORIGINAL"),
    _c("-m addrtype --dst-type LOCAL", {"destination": "192.0.2.1"}, {"destination": "192.0.2.3"}),
    _c("-m addrtype ! --dst-type LOCAL", {"destination": "192.0.2.3"}),
    _c("-m addrtype --src-type UNICAST"),
    _c("-m mark --mark 0x1/0x3"),
    _c(
        "-m iprange --dst-range 203.0.113.1-203.0.113.99",
        {"destination": "203.0.113.99"},
        {"destination": "203.0.113.100"},
    ),
    _c("-m comment --comment c"),
    _c("-m pkttype --pkt-type unicast"),
    _c("-m statistic --mode random --probability 0.5"),
    _c("-m statistic --mode random --probability 1.0"),
    _c("-m statistic --mode random ! --probability 1.0"),
    _c("-m statistic --mode nth --every 1 --packet 0"),
    _c("-m helper --helper ftp"),
    _c("-m helper ! --helper ftp"),
    _c("-m connmark ! --mark 0x1"),
    _c("-m connmark --mark 0x0/0xff"),
)
_IN, _OUT, _OWNER = _c("-i up0"), _c("-o out0", {"destination": "203.0.113.9"}), _c(
    "-m owner --uid-owner 0"
)
_OF_SENDER = (
    _c("-m owner --socket-exists"),
    _c("-m owner ! --socket-exists"),
    _c("-m physdev ! --physdev-is-bridged"),
    _c("-m physdev --physdev-is-in"),
)
_XT_OF_CHAIN: Mapping[str, tuple[Condition, ...]] = {
    "PREROUTING": (_IN,), "INPUT": (_IN,), "FORWARD": (_IN, _OUT), "POSTROUTING": (_OUT,),
    "OUTPUT": (_c("-o up0"), _OWNER, *_OF_SENDER), "SUB": (),
}
_XT_ENDS = (
    "DROP", "ACCEPT", "ACCEPT", "RETURN", "SUB", "MARK --set-xmark 0x1/0x1",
    "MARK --set-xmark 0x6/0xf", "CONNMARK --set-xmark 0x1/0xff", "CONNMARK --save-mark",
    "CONNMARK --restore-mark --nfmask 0x3 --ctmask 0x1",
)


def iptables(draw: random.Random, chains: Mapping[str, tuple[str, ...]]) -> RuleSet:
    """Tables of iptables with a chain of the user's own; `chains` by table."""
    writer = Writer(draw, XT)
    lines: list[str] = []
    for table, names in chains.items():
        ends = [e for e in _XT_ENDS if table == "mangle" or "MARK" not in e]
        ends += ["REJECT"] if table == "filter" else []
        ends += ["CT --notrack"] * 2 if table == "raw" else []
        policies = [draw.choice(("ACCEPT",) * 7 + ("DROP",)) for _ in names]
        lines += [f"*{table}", ":SUB - [0:0]"]
        lines += [f":{name} {policy} [0:0]" for name, policy in zip(names, policies)]
        for name in ("SUB", *names):
            fitting = [each for each in ends if each != "SUB" or name != "SUB"]
            own = Writer(draw, (*XT, *_XT_OF_CHAIN[name]))
            for _ in range(draw.randint(1, 4)):
                text = own.conditions(1, lambda each: True)
                lines.append(f"-A {name} {text} -j {draw.choice(fitting)}")
            writer.rules += own.rules
        lines.append("COMMIT")
    lines += _xt_translations(draw, is_received=chains is RECEIVED_TABLES)
    return RuleSet(("iptables-nft-restore",), "\n".join(lines) + "\n", tuple(writer.rules))


RECEIVED_TABLES: Mapping[str, tuple[str, ...]] = {
    "raw": ("PREROUTING",),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD"),
}
SENT_TABLES: Mapping[str, tuple[str, ...]] = {
    "raw": ("OUTPUT",),
    "mangle": ("OUTPUT", "PREROUTING"),
    "filter": ("OUTPUT", "INPUT"),
}


def _xt_translations(draw: random.Random, *, is_received: bool) -> list[str]:
    hook = "PREROUTING" if is_received else "OUTPUT"
    lines = ["*nat", f":{hook} ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]
    for _ in range(draw.randint(0, 2)):
        to = draw.choice(("198.51.100.2", "192.0.2.1:4500", "203.0.113.9"))
        protocol = draw.choice(("udp", "tcp"))
        lines.append(f"-A {hook} -p {protocol} --dport 400:7000 -j DNAT --to-destination {to}")
    if is_received and draw.random() < 0.5:
        lines.append("-A POSTROUTING -o out0 -j MASQUERADE")
    return [*lines, "COMMIT"]


def in_6(text: str) -> str:
    """A rule set or an address of IPv4 in the words of IPv6."""
    text = re.sub(r"(--to-destination |dnat ip to )([\d.]+):(\d+)", r"\1[\2]:\3", text)
    text = _ADDRESS.sub(lambda found: f"{_NETWORKS[found[1]]}::{found[2]}", text)
    for word, other in _WORDS_OF_6:
        text = text.replace(word, other)
    return text


def set_in_6(rule_set: RuleSet) -> RuleSet:
    """The same rules for IPv6."""
    tool = tuple(word.replace("iptables", "ip6tables") for word in rule_set.tool)
    return replace(rule_set, tool=tool, text=in_6(rule_set.text))


_NETWORKS = {
    "192.0.2": "2001:db8:2",
    "198.51.100": "2001:db8:100",
    "198.51.101": "2001:db8:101",
    "203.0.113": "2001:db8:113",
}
_ADDRESS = re.compile(r"(192\.0\.2|198\.51\.100|198\.51\.101|203\.0\.113)\.(\d+)")
_WORDS_OF_6 = (
    ("/24", "/64"),
    ("/30", "/126"),
    ("ip daddr", "ip6 daddr"),
    ("ip saddr", "ip6 saddr"),
    ("dnat ip to", "dnat ip6 to"),
    ("ipv4", "ipv6"),
    ("ip ttl", "ip6 hoplimit"),
    ("ip frag-off & 0x1fff != 0", "ip6 nexthdr 41"),
    ("icmp type", "icmpv6 type"),
    ("-p icmp --icmp-type", "-p ipv6-icmp --icmpv6-type"),
    ("fib daddr type broadcast", "fib daddr type multicast"),
)


def aimed(
    rule_set: RuleSet, draw: random.Random, base: Callable[[], Flow], most: int
) -> Iterator[Flow]:
    """For each rule a packet that meets its conditions, and one that misses one of them."""
    rules = list(rule_set.rules)
    draw.shuffle(rules)
    for conditions in rules[:most]:
        hit: dict[str, str | int] = {}
        for condition in conditions:
            hit.update(condition.hit)
        yield _with(base(), hit)
        yield _with(base(), {**hit, **draw.choice(conditions).near})


def _with(flow: Flow, values: Values) -> Flow:
    protocol = Protocol(values.get("protocol", flow.protocol.value))
    port = int(values.get("port", flow.destination_port))
    return Flow(
        protocol=protocol,
        source=ip_address(values.get("source", flow.source)),
        source_port=flow.source_port,
        destination=ip_address(values.get("destination", flow.destination)),
        destination_port=flow.source_port if protocol is Protocol.ICMP else port,
    )
