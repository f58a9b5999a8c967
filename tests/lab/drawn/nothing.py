"""Rules and routes that look as if they mattered, and that no packet of any check meets."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_network
from random import Random

from edgediag.lab.steps import Step
from tests.lab.drawn import policies, xt_words
from tests.lab.drawn.faults import Fault, load, run
from tests.lab.drawn.matches import Match, Way, draw_service, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.nft_words import spell
from tests.lab.drawn.segments import HOPS, draw_path

_HOOKS = {Way.OUT: ("output", "postrouting"), Way.BACK: ("input", "prerouting")}
# Lines of hardened hosts and of other users, of either version.
_HARMLESS = {
    Way.OUT: (
        "meta skuid 1000 drop",
        "meta mark 0x1234 drop",
        "ct mark 0x99 drop",
        "tcp dport { 25, 465, 587 } reject with tcp reset",
        "limit rate over 5000/second drop",
        "tcp flags syn tcp option maxseg size set rt mtu",
        "meta length > 9000 drop",
    ),
    Way.BACK: (
        "ct state invalid drop",
        "tcp flags & (fin|syn) == fin|syn drop",
        "tcp flags & (fin|syn|rst|psh|ack|urg) == 0 drop",
        "fib saddr . iif oif missing drop",
        "ct state new tcp dport 22 limit rate over 3/minute drop",
        "tcp flags syn / syn,ack tcp dport != { 10250, 10255, 9100, 9445 } drop",
        "icmp type echo-request drop",
        "meta pkttype broadcast drop",
        "limit rate over 5000/second drop",
    ),
}

_XT_HARMLESS: dict[Way, tuple[tuple[str, ...], ...]] = {
    Way.OUT: (
        ("-m", "owner", "--uid-owner", "1000"),
        ("-m", "mark", "--mark", "0x1234"),
        ("-p", "tcp", "-m", "multiport", "--dports", "25,465,587"),
    ),
    Way.BACK: (
        ("-m", "conntrack", "--ctstate", "INVALID"),
        ("-m", "pkttype", "--pkt-type", "broadcast"),
        ("-p", "tcp", "--dport", "22", "-m", "connlimit", "--connlimit-above", "3"),
    ),
}
_OF_ROUTERS = (
    "icmp type echo-request drop",
    "icmp type destination-unreachable drop",
    "udp dport 33434-33534 drop",
    "ip protocol gre drop",
)


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A healthy node, and a healthy path, with much that drops.

    Every rule misses: by the port, the address or the protocol, or because it is for another user,
    mark, state or rate. Routers may tell of no packet's end. So nothing is wrong, and whoever is
    blamed is blamed falsely.
    """
    parts: Sequence[Callable[[Random, Network], Sequence[Step]]] = (
        _nft_rules,
        _xt_rules,
        _routes,
        _router_rules,
    )
    chosen = dice.sample(parts, dice.choice((1, 2, 3)))
    steps = [step for part in chosen for step in part(dice, network)]
    says = "nothing"
    if not network.is_second and dice.random() < 0.25:
        allowed = policies.draw_complete(dice)
        steps, says = list(allowed.steps), "nothing, an allow-list that is whole"
    path = draw_path(dice)
    hidden = " ".join(sorted(path.hidden)) or "none"
    return Fault(
        steps=(*steps, *path.steps()),
        truth=None,
        says=f"{says}: {len(steps)} steps; silent: {hidden}",
        hidden=path.hidden,
    )


def _draw_miss(dice: Random, network: Network) -> Match:
    """A match beside a check, which finds neither that one nor another."""
    other = {"tcp": "udp", "udp": "tcp"}
    while True:
        match = draw_service(dice, network.rows)
        port = match.port + dice.choice((-9, -1, 1, 7))
        miss = dice.choice(
            (
                replace(match, ports=(port, port)),
                replace(match, prefix=str(ip_network(network.unused))),
                replace(match, protocol=other[match.protocol]),
            )
        )
        if not touched(miss, network.rows):
            return miss


def _nft_rules(dice: Random, network: Network) -> Sequence[Step]:
    way = dice.choice((Way.OUT, Way.BACK))
    words = spell(dice, _draw_miss(dice, network), network, way)
    rules = [
        " ".join((*words.conditions, dice.choice(("drop", "counter drop")))),
        *dice.sample(_HARMLESS[way], dice.choice((1, 2, 3))),
    ]
    dice.shuffle(rules)
    hook = dice.choice(_HOOKS[way])
    # A reject is for what is not yet on its way out, and a route back is looked for on the way in.
    for word, only in (("reject", "output"), ("fib", "prerouting")):
        if any(word in rule for rule in rules):
            hook = only
    head = f"type filter hook {hook} priority {dice.choice((-150, 0, 10))}; policy accept;"
    return load("edge", table("inet hardened", *words.sets, chain("base", head, *rules)))


def _xt_rules(dice: Random, network: Network) -> Sequence[Step]:
    way = dice.choice((Way.OUT, Way.BACK))
    backend = dice.choice(("nft", "legacy"))
    made, miss = xt_words.spell(dice, _draw_miss(dice, network), network, way)
    rules = [miss, *dice.sample(_XT_HARMLESS[way], dice.choice((0, 1, 2)))]
    dice.shuffle(rules)
    name = "OUTPUT" if way is Way.OUT else "INPUT"
    program = (f"{network.iptables}-{backend}", "--wait", "-A", name)
    targets = (("-j", "DROP"), ("-j", "REJECT"))
    return (*made, *(run(*program, *rule, *dice.choice(targets)) for rule in rules))


def _routes(dice: Random, network: Network) -> Sequence[Step]:
    type_ = dice.choice(("blackhole", "unreachable", "prohibit"))
    selectors = (
        ("fwmark", "0x77"),
        ("uidrange", "1000-1000"),
        ("to", network.unused),
        ("ipproto", "tcp", "dport", "25"),
        ("iif", "cni0"),
    )
    if dice.random() < 0.5:
        return (run(*network.ip, "route", "add", type_, network.unused),)
    rule = ("rule", "add", "priority", "90", *dice.choice(selectors), type_)
    return (run(*network.ip, *rule),)


def _router_rules(dice: Random, network: Network) -> Sequence[Step]:
    words = spell(dice, _draw_miss(dice, network), network, Way.OUT)
    rules = (f"{' '.join(words.conditions)} drop", dice.choice(_OF_ROUTERS))
    head = "type filter hook forward priority 0;"
    script = table("inet filtering", *words.sets, chain("through", head, *rules))
    return load(dice.choice(HOPS), script)
