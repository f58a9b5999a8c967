"""A chain that lets in or out what it lists, and whose list lacks a check."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from edgediag.lab.scenario import Culprit
from edgediag.lab.topology import HOSTS
from tests.lab.drawn.faults import Fault, load, proven_here, run, xt_rule
from tests.lab.drawn.matches import Way, draw_service, touched
from tests.lab.drawn.networks import FOUR, Row
from tests.lab.drawn.nft_rules import chain, table

_RESOLVER = Row(check="resolver-53", protocol="udp", address=HOSTS["resolver"], port=53)
_ICMP = "icmp type { echo-request, echo-reply, destination-unreachable, time-exceeded } accept"
_HOOKS = {Way.OUT: ("output", "postrouting"), Way.BACK: ("input", "prerouting")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """What a chain lets through, and the checks that it lacks."""

    way: Way
    listed: tuple[Row, ...]
    lacking: tuple[str, ...]


def draw(dice: Random) -> Fault:
    """An allow-list of nft or of iptables without the checks of one service.

    Everything that the list holds passes, and so do ICMP, the loopback device, the overlays, the
    pods' bridge, whose packets before and behind routing meet the list as well, and the site's own
    network, from where the inbound checks are asked. What the list lacks meets the end
    of the chain: its policy, or a rule that drops or rejects all that came so far.
    """
    lacking = touched(draw_service(dice, FOUR.rows), FOUR.rows)
    return _draw_list(dice, lacking)


def draw_complete(dice: Random) -> Fault:
    """The same of a list that lacks nothing, which is no fault, whatever its end does."""
    return replace(_draw_list(dice, ()), truth=None)


def _draw_list(dice: Random, lacking: tuple[str, ...]) -> Fault:
    rows = [*(row for row in FOUR.rows if row.check not in lacking), _RESOLVER]
    dice.shuffle(rows)
    way = dice.choice((Way.OUT, Way.BACK))
    allowed = _List(way=way, listed=tuple(rows), lacking=lacking)
    return dice.choice((_by_nft, _by_iptables, _by_iptables))(dice, allowed)


def _by_nft(dice: Random, allowed: _List) -> Fault:
    way, end = allowed.way, allowed.way.value
    hook = dice.choice(_HOOKS[way])
    device = "oifname" if way is Way.OUT else "iifname"
    rules = [
        f"{device} lo accept",
        _ICMP,
        *_shuffled_accepts(dice, allowed),
        f"{device} {{ flannel.1, raven0, cni0 }} accept",
        f"ip {end}addr {FOUR.site} accept",
        "meta nfproto ipv6 accept",
        "udp dport 4789 drop",
    ]
    # On the way back this line would let in every answer.
    if way is Way.OUT and dice.random() < 0.5:
        rules.insert(2, "ct state established,related accept")
    head = f"type filter hook {hook} priority 0; policy drop;"
    return Fault(
        steps=load("edge", table("inet hardened", chain("base", head, *rules))),
        truth=proven_here(
            ("policy-drop",), allowed.lacking, _policy("inet", "hardened", "base")
        ),
        says=f"nft inet {hook}, policy drop: its list lacks {' '.join(allowed.lacking)}",
    )


def _shuffled_accepts(dice: Random, allowed: _List) -> Sequence[str]:
    """One rule for each that is listed, or a set of all."""
    end = allowed.way.value
    if dice.random() < 0.3:
        several = ", ".join(f"{r.address} . {r.protocol} . {r.port}" for r in allowed.listed)
        return (f"ip {end}addr . meta l4proto . th {end}port {{ {several} }} accept",)
    return [
        f"ip {end}addr {row.address} {row.protocol} {end}port {row.port} accept"
        for row in allowed.listed
    ]


def _by_iptables(dice: Random, allowed: _List) -> Fault:
    end, backend = allowed.way.value, dice.choice(("nft", "legacy"))
    name = "OUTPUT" if allowed.way is Way.OUT else "INPUT"
    device = "-o" if allowed.way is Way.OUT else "-i"
    program = (f"iptables-{backend}", "--wait")
    accepts = (
        (device, "lo"),
        ("-p", "icmp"),
        (f"-{end}", FOUR.site),
        *(
            (f"-{end}", row.address, "-p", row.protocol, f"--{end}port", str(row.port))
            for row in allowed.listed
        ),
    )
    steps = [run(*program, "-A", name, *words, "-j", "ACCEPT") for words in accepts]
    last = dice.choice(("policy", "DROP", "REJECT"))
    if last == "policy":
        steps.append(run(*program, "-P", name, "DROP"))
        culprit = _policy("ip", "filter", name)
    else:
        steps.append(run(*program, "-A", name, "-j", last))
        culprit = xt_rule(backend, ("filter", name), len(accepts) + 1)
    mechanism = {"policy": "policy-drop", "DROP": "rule-drop", "REJECT": "rule-reject"}[last]
    return Fault(
        steps=tuple(steps),
        truth=proven_here((mechanism,), allowed.lacking, culprit),
        says=f"{program[0]} {name}, {last} at the end: lacks {' '.join(allowed.lacking)}",
    )


def _policy(family: str, table_: str, name: str) -> Culprit:
    return {
        "kind": "chain-policy",
        "family": family,
        "table": table_,
        "chain": name,
        "policy": "drop",
    }
