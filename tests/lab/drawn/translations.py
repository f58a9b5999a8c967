"""Rules of the edge node that send packets to another destination, where nobody serves."""

from random import Random

from tests.lab.drawn.faults import Fault, comment, load, nft_rule, proven_here, run, xt_rule
from tests.lab.drawn.matches import Match, Way, draw_service, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.nft_words import spell

TABLE = "leftover"
# Nothing listens there, neither on the edge node nor on a host of the cloud.
DEAD_PORT = 15001


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A DNAT or a REDIRECT in the OUTPUT of a nat table.

    What leaves bears another destination than the one asked for, or stays on this host: what comes
    back says nothing of the host that was meant, and the rule can be named by following the rules
    for the very flow. The mechanism is that, whatever the other place answers.
    """
    match = draw_service(dice, network.rows)
    by = dice.choice((_by_nft, _by_iptables))
    return by(dice, match, network)


def _by_nft(dice: Random, match: Match, network: Network) -> Fault:
    words = spell(dice, match, network, Way.OUT)
    host = f"[{network.unused}]" if network.is_second else network.unused
    target = dice.choice(
        (
            f"dnat to {network.unused}",
            f"dnat to {host}:{DEAD_PORT}",
            f"redirect to :{DEAD_PORT}",
        )
    )
    # Translations work on ports only where the rule itself names a protocol.
    named = " ".join((f"meta l4proto {match.protocol}", *words.conditions))
    rule = f'{named} {target} comment "{comment(TABLE)}"'
    head = "type nat hook output priority -100; policy accept;"
    name = f"{network.family} {TABLE}"
    script = table(name, *words.sets, chain("base", head, "tcp dport 2222 redirect to :22", rule))
    return Fault(
        steps=load("edge", script),
        truth=proven_here(
            ("misroute",),
            touched(match, network.rows),
            nft_rule(network.family, TABLE, "base"),
        ),
        says=f"nft {name} output: {rule}",
    )


def _by_iptables(dice: Random, match: Match, network: Network) -> Fault:
    backend = dice.choice(("nft", "legacy"))
    host = f"[{network.unused}]" if network.is_second else network.unused
    target = dice.choice(
        (
            ("DNAT", "--to-destination", network.unused),
            ("DNAT", "--to-destination", f"{host}:{DEAD_PORT}"),
            ("REDIRECT", "--to-ports", str(DEAD_PORT)),
        )
    )
    program = (f"{network.iptables}-{backend}", "--wait", "-t", "nat", "-A", "OUTPUT")
    prefix = ("-d", match.prefix) if match.prefix else ()
    words = (*prefix, "-p", match.protocol, "--dport", str(match.port), "-j", *target)
    bystander = ("-p", "tcp", "--dport", "2222", "-j", "REDIRECT", "--to-ports", "22")
    return Fault(
        steps=(run(*program, *bystander), run(*program, *words)),
        truth=proven_here(
            ("misroute",), touched(match, network.rows), xt_rule(backend, ("nat", "OUTPUT"), 2)
        ),
        says=f"{program[0]} nat OUTPUT: {' '.join(words)}",
    )
