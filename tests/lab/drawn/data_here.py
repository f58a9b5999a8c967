"""Connections that stand and whose data this host drops or resets."""

from collections.abc import Sequence
from random import Random

from tests.lab.drawn.faults import (
    Fault,
    comment,
    load,
    mechanisms,
    nft_rule,
    proven_here,
    run,
    xt_rule,
)
from tests.lab.drawn.matches import Match, Way, draw_service, touched
from tests.lab.drawn.networks import FOUR, Network
from tests.lab.drawn.nft_rules import chain, table
from tests.lab.drawn.nft_words import family_alone, spell_service

# What holds of data and of no part of a handshake. A ClientHello is longer than 150 octets, and
# the first flight of a server longer than 200.
_NFT = {
    Way.OUT: (
        "meta length > 150",
        "tcp flags & psh == psh",
        "ct state established",
        "ct original packets > 1",
        "tcp flags & (syn|ack) == ack",
    ),
    Way.BACK: (
        "ct state established meta length > 200",
        "tcp flags & (syn|psh) == psh",
    ),
}
_XT: dict[Way, tuple[tuple[str, ...], ...]] = {
    Way.OUT: (
        ("-m", "length", "--length", "150:65535"),
        ("-m", "conntrack", "--ctstate", "ESTABLISHED"),
    ),
    Way.BACK: (("-m", "length", "--length", "200:65535"),),
}
# At the offset of the total length in a header of IPv4.
_XT_OF_FOUR: dict[Way, tuple[tuple[str, ...], ...]] = {
    Way.OUT: (("-m", "u32", "--u32", "0&0xFFFF=0x96:0xFFFF"),),
    Way.BACK: (),
}
# A record of TLS begins so (RFC 8446 §5.1); the handshake has no octets in it.
_ON_EITHER_WAY = (
    ("--tcp-flags", "PSH", "PSH"),
    ("-m", "string", "--algo", "bm", "--hex-string", "|1603|"),
)
_NFT_HOOKS = {Way.OUT: ("output", "postrouting"), Way.BACK: ("input", "prerouting")}
_XT_PLACES = {
    Way.OUT: (
        ("filter", "OUTPUT"),
        ("mangle", "POSTROUTING"),
        ("mangle", "OUTPUT"),
        ("security", "OUTPUT"),
    ),
    Way.BACK: (("filter", "INPUT"), ("mangle", "PREROUTING"), ("mangle", "INPUT")),
}
TABLE = "contents"


def draw(dice: Random, network: Network = FOUR) -> Fault:
    """A rule of this host's that finds what comes after a handshake, of TCP.

    The handshake stands, so the checks of the match are those that fail. What this host keeps of a
    connection shows as with any other packet: data that no tap saw leave, or that a tap saw come in
    and the socket was not given.
    """
    match = draw_service(dice, network.rows, "tcp")
    way = dice.choice((Way.OUT, Way.OUT, Way.BACK))
    return dice.choice((_by_nft, _by_iptables))(dice, match, network, way)


def _by_nft(dice: Random, match: Match, network: Network, way: Way) -> Fault:
    hook = dice.choice(_NFT_HOOKS[way])
    verdict = "drop"
    if hook != "postrouting" and dice.random() < 0.33:
        verdict = "reject with tcp reset"
    where = f"{spell_service(match, network, way)} {dice.choice(_NFT[way])}"
    rule = f'{where} counter {verdict} comment "{comment(TABLE)}"'
    head = f"type filter hook {hook} priority {dice.choice((-150, 0, 50))}; policy accept;"
    family = family_alone(network)
    return Fault(
        steps=load("edge", table(f"{family} {TABLE}", chain("base", head, rule))),
        truth=proven_here(
            mechanisms(verdict, where),
            touched(match, network.rows),
            nft_rule(family, TABLE, "base"),
        ),
        says=f"nft {family} {hook}: {rule}",
    )


def _by_iptables(dice: Random, match: Match, network: Network, way: Way) -> Fault:
    backend = dice.choice(("nft", "legacy"))
    name, base = dice.choice(_XT_PLACES[way])
    host = (f"-{way.value}", match.host) if match.host else ()
    ports = ("-p", "tcp", f"--{way.value}port", str(match.port))
    of_four = () if network.is_second else _XT_OF_FOUR[way]
    condition = dice.choice((*_XT[way], *of_four, *_ON_EITHER_WAY, _octets_begun(way)))
    target: Sequence[str] = ("-j", "DROP")
    if name == "filter" and dice.random() < 0.3:
        target = ("-j", "REJECT", "--reject-with", "tcp-reset")
    rule = (*host, *ports, *condition, *target)
    program = f"{network.iptables}-{backend}"
    return Fault(
        steps=(run(program, "--wait", "-t", name, "-A", base, *rule),),
        truth=proven_here(
            mechanisms(target[1], ""),
            touched(match, network.rows),
            xt_rule(backend, (name, base), 1),
        ),
        says=f"{program} {name} {base}: {' '.join(rule)}",
    )


def _octets_begun(way: Way) -> tuple[str, ...]:
    """From the third packet of the client's on, or the second of the server's."""
    first, direction = ("3:", "original") if way is Way.OUT else ("2:", "reply")
    ends = ("--connbytes-dir", direction, "--connbytes-mode", "packets")
    return ("-m", "connbytes", "--connbytes", first, *ends)
