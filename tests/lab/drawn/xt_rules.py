"""One rule of iptables on the edge node, of either flavour, in any built-in chain or behind one."""

from random import Random

from edgediag.lab.steps import Step
from tests.lab.drawn.faults import Fault, mechanisms, proven_here, run, xt_rule
from tests.lab.drawn.matches import Match, Way, draw_match, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.xt_words import draw_extras, spell

_PLACES = {
    Way.OUT: (
        ("filter", "OUTPUT"),
        ("filter", "OUTPUT"),
        ("raw", "OUTPUT"),
        ("mangle", "OUTPUT"),
        ("mangle", "POSTROUTING"),
        ("security", "OUTPUT"),
    ),
    Way.BACK: (
        ("filter", "INPUT"),
        ("filter", "INPUT"),
        ("raw", "PREROUTING"),
        ("mangle", "PREROUTING"),
        ("mangle", "INPUT"),
        ("security", "INPUT"),
    ),
}
_OF_FOUR = ("icmp-host-prohibited", "icmp-admin-prohibited", "icmp-net-unreachable")
_OF_SIX = ("icmp6-adm-prohibited", "icmp6-no-route", "icmp6-addr-unreachable")
INNER = "SITE-RULES"


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A DROP or a REJECT by one rule.

    As with nft, what stands before the rule finds none of the match's packets, so that exactly the
    checks of the match fail by it. Its number counts all rules of its chain.
    """
    match = draw_match(dice, network.rows)
    way = dice.choice((Way.OUT, Way.OUT, Way.BACK))
    backend = dice.choice(("nft", "legacy"))
    name, base = dice.choice(_PLACES[way])
    program = (f"{network.iptables}-{backend}", "--wait", "-t", name)
    made, words = spell(dice, match, network, way)
    words += draw_extras(dice, match, network, (way, name))
    target = _draw_target(dice, match, network, name)
    steps: list[Step] = list(made)
    chain = base
    if dice.random() < 0.3:
        chain = INNER
        protocol = ("-p", match.protocol) if match.protocol and dice.random() < 0.5 else ()
        steps.append(run(*program, "-N", chain))
        steps.append(run(*program, "-A", base, *protocol, dice.choice(("-j", "-g")), chain))
    before, after = dice.randrange(3), dice.randrange(2)
    rules = [_bystander(dice, network, way) for _ in range(before + after)]
    rules.insert(before, (*words, *target))
    steps += [run(*program, "-A", chain, *rule) for rule in rules]
    said = " ".join((*words, *target))
    return Fault(
        steps=tuple(steps),
        truth=proven_here(
            mechanisms(target[1], said),
            touched(match, network.rows),
            xt_rule(backend, (name, chain), before + 1),
        ),
        says=f"{program[0]} {name} {chain}: {said}",
    )


def _draw_target(dice: Random, match: Match, network: Network, table: str) -> tuple[str, ...]:
    # REJECT is for the table filter alone (iptables-extensions(8)).
    if table != "filter" or dice.random() < 0.65:
        return ("-j", "DROP")
    choice = ["", *(_OF_SIX if network.is_second else _OF_FOUR)]
    if match.protocol == "tcp":
        choice.append("tcp-reset")
    word = dice.choice(choice)
    return ("-j", "REJECT", *(("--reject-with", word) if word else ()))


def _bystander(dice: Random, network: Network, way: Way) -> tuple[str, ...]:
    return dice.choice(
        (
            ("-p", "tcp", f"--{way.value}port", "2222", "-j", "DROP"),
            ("-p", "udp", f"--{way.value}port", "7777", "-j", "ACCEPT"),
            ("-m", "comment", "--comment", "nothing"),
            ("-d", network.unused, "-j", "RETURN"),
        )
    )
