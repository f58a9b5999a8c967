"""A routing policy rule in the words of ip-rule(8)."""

from typing import Final

from edgediag.host.rules import GOTO, LOOKUP, Rule
from edgediag.model.flow import Address
from edgediag.model.route import PolicyRule

_ACTIONS: Final = {
    LOOKUP: "lookup",
    GOTO: "goto",
    3: "nop",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}
_TABLES: Final = {253: "default", 254: "main", 255: "local"}
_PROTOCOLS: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
_ALL_BITS: Final = 0xFFFFFFFF


def policy_rule(rule: Rule) -> PolicyRule:
    """The rule as the model names it."""
    return PolicyRule(
        priority=rule.priority,
        action=_ACTIONS.get(rule.action, f"action {rule.action}"),
        table=rule.table,
        text=rule_text(rule),
    )


def rule_text(rule: Rule) -> str:
    """What `ip rule` prints behind the priority; a selector not read here shows as "...".

    Tables have their numbers but for local, main and default: names are this host's own.
    Who wrote the rule (`proto`) and whether a device is gone (`[detached]`) is left out.
    """
    words = (
        "not" if rule.is_inverted else "",
        f"from {_network(rule.source)}",
        f"to {_network(rule.destination)}" if rule.destination else "",
        f"tos 0x{rule.tos:02x}" if rule.tos else "",
        _mark(rule),
        f"iif {rule.input_interface}" if rule.input_interface else "",
        f"oif {rule.output_interface}" if rule.output_interface else "",
        f"uidrange {rule.uids[0]}-{rule.uids[1]}" if rule.uids else "",
        f"ipproto {_PROTOCOLS.get(rule.ip_protocol, rule.ip_protocol)}" if rule.ip_protocol else "",
        _ports("sport", rule.source_ports),
        _ports("dport", rule.destination_ports),
        f"tun_id {rule.tunnel}" if rule.tunnel else "",
        "" if rule.is_fully_known else "...",
        _action(rule),
        _suppressor("suppress_prefixlength", rule.suppress_prefix_length),
        _suppressor("suppress_ifgroup", rule.suppress_group),
    )
    return " ".join(word for word in words if word)


def _network(prefix: tuple[Address, int] | None) -> str:
    if prefix is None:
        return "all"
    address, length = prefix
    return str(address) if length == address.max_prefixlen else f"{address}/{length}"


def _mark(rule: Rule) -> str:
    if rule.mark is None:
        return ""
    value, mask = rule.mark
    return f"fwmark 0x{value:x}" if mask == _ALL_BITS else f"fwmark 0x{value:x}/0x{mask:x}"


def _ports(word: str, bounds: tuple[int, int] | None) -> str:
    if bounds is None:
        return ""
    first, last = bounds
    return f"{word} {first}" if first == last else f"{word} {first}-{last}"


def _action(rule: Rule) -> str:
    if rule.action == LOOKUP:
        table = "[l3mdev-table]" if rule.is_l3mdev else _TABLES.get(rule.table, rule.table)
        return f"lookup {table}"
    if rule.action == GOTO:
        return f"goto {rule.goto}"
    return _ACTIONS.get(rule.action, f"action {rule.action}")


def _suppressor(word: str, number: int) -> str:
    return f"{word} {number}" if number >= 0 else ""
