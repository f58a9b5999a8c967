"""The same match in the words of iptables and its extensions."""

from ipaddress import ip_network
from random import Random

from edgediag.lab.steps import Step
from tests.lab.drawn.faults import run
from tests.lab.drawn.matches import Match, Way
from tests.lab.drawn.networks import Network

Arguments = tuple[str, ...]

_SET = "blocked"


def spell(
    dice: Random, match: Match, network: Network, way: Way
) -> tuple[tuple[Step, ...], Arguments]:
    """What must be made before, and arguments that hold of the match's packets and no other."""
    if match.prefix and dice.random() < 0.2:
        return _by_set(dice, match, network, way)
    return (), (*_address(dice, match, way), *_ports(dice, match, way))


def _by_set(
    dice: Random, match: Match, network: Network, way: Way
) -> tuple[tuple[Step, ...], Arguments]:
    family = ("family", "inet6") if network.is_second else ()
    end = "dst" if way is Way.OUT else "src"
    rest = _ports(dice, match, way)
    if match.host and match.port and dice.random() < 0.5:
        type_, ends = "hash:ip,port", f"{end},{end}"
        entry, rest = f"{match.host},{match.protocol}:{match.port}", ("-p", match.protocol)
    elif match.host and dice.random() < 0.5:
        type_, entry, ends = "hash:ip", match.host, end
    else:
        type_, entry, ends = "hash:net", match.prefix, end
    made = (
        run("ipset", "create", _SET, type_, *family),
        run("ipset", "add", _SET, entry),
    )
    return made, (*rest, "-m", "set", "--match-set", _SET, ends)


def _address(dice: Random, match: Match, way: Way) -> Arguments:
    if not match.prefix:
        return ()
    if dice.random() < 0.25:
        inside = ip_network(match.prefix)
        field = "--dst-range" if way is Way.OUT else "--src-range"
        return ("-m", "iprange", field, f"{inside[0]}-{inside[-1]}")
    return (f"-{way.value}", match.prefix)


def _ports(dice: Random, match: Match, way: Way) -> Arguments:
    if not match.protocol:
        return ()
    if not match.ports:
        return ("-p", match.protocol)
    span = match.span(":")
    if dice.random() < 0.35:
        several = ("-m", "multiport", f"--{way.value}ports", f"7,{span},9999")
        return ("-p", match.protocol, *several)
    return ("-p", match.protocol, f"--{way.value}port", span)


def draw_extras(
    dice: Random, match: Match, network: Network, place: tuple[Way, str]
) -> Arguments:
    """Up to two matches that hold of every packet of the tool's on its way, and change nothing.

    place  the way, and the table
    """
    way, table = place
    choice = [*_of_any(network), *(_of_way_out(network) if way is Way.OUT else _OF_WAY_BACK)]
    # The table raw comes before connections are tracked.
    if table != "raw":
        choice += _of_connection(match, way)
    if match.protocol == "tcp" and match.ports:
        flags = "SYN" if way is Way.OUT else "SYN,ACK"
        choice.append(("--tcp-flags", "SYN,ACK,RST", flags))
    chosen = dice.sample(choice, dice.choice((0, 1, 1, 2)))
    return tuple(word for words in chosen for word in words)


def _of_any(network: Network) -> tuple[Arguments, ...]:
    both: tuple[Arguments, ...] = (
        ("-m", "comment", "--comment", "some words"),
        ("-m", "mark", "!", "--mark", "0x4000/0x4000"),
        ("-m", "statistic", "--mode", "nth", "--every", "1", "--packet", "0"),
        ("-m", "time", "--timestart", "00:00", "--timestop", "23:59:59"),
        ("-m", "dscp", "--dscp", "0"),
    )
    if network.is_second:
        return (*both, ("-m", "hl", "--hl-gt", "5"))
    return (
        *both,
        ("-m", "ttl", "--ttl-gt", "5"),
        ("-m", "u32", "--u32", "0>>28=4"),
        ("-m", "length", "--length", "20:1500"),
    )


def _of_way_out(network: Network) -> tuple[Arguments, ...]:
    return (
        ("-o", "eth0"),
        ("-s", network.site),
        ("-m", "owner", "--uid-owner", "0"),
        ("-m", "addrtype", "--dst-type", "UNICAST"),
        ("-m", "addrtype", "!", "--dst-type", "LOCAL"),
    )


_OF_WAY_BACK: tuple[Arguments, ...] = (
    ("-i", "eth0"),
    ("-i", "eth+"),
    ("-m", "addrtype", "--dst-type", "LOCAL"),
    ("-m", "pkttype", "--pkt-type", "unicast"),
)


def _of_connection(match: Match, way: Way) -> tuple[Arguments, ...]:
    state, direction = ("NEW", "ORIGINAL") if way is Way.OUT else ("ESTABLISHED", "REPLY")
    octets = ("--connbytes-dir", "both", "--connbytes-mode", "bytes")
    by_protocol: Arguments = ("-m", "connmark", "--mark", "0")
    if match.protocol:
        number = {"tcp": "6", "udp": "17"}[match.protocol]
        by_protocol = ("-m", "conntrack", "--ctproto", number)
    return (
        ("-m", "conntrack", "--ctstate", state),
        ("-m", "state", "--state", state),
        ("-m", "conntrack", "--ctdir", direction),
        ("-m", "connbytes", "--connbytes", "0:1000000", *octets),
        by_protocol,
    )
