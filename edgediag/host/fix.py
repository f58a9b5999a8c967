"""The one command that takes a culprit away from this host, where there is one."""

import re
import shlex
from collections.abc import Collection
from typing import Final

from edgediag.model.culprit import (
    ArptablesRule,
    ChainPolicy,
    Culprit,
    IptablesRule,
    LinkObject,
    NeighbourObject,
    NftRule,
    PolicyRuleObject,
    RouteObject,
    SysctlObject,
)

# What nft(8) reads as a name without quotes, which it has no way to read with them.
_NFT_NAME: Final = re.compile(r"[A-Za-z_][\w/.-]*")
_REFUSING: Final = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
# "missing" rules are those that should be there; these words are not for the command line.
_NOT_FOR_IP: Final = ("missing", "...", "[")
# The value that does no harm: loosely checked sources, the kernel's own hop limit.
_SYSCTLS: Final = {"rp_filter": "2", "ip_default_ttl": "64"}


def fix_for(
    culprit: Culprit, *, version: int, legacy_tables: Collection[str] = ()
) -> str | None:
    """The command, in words that `edgediag explain --rehearse` takes.

    version        4 or 6, of the flow that the culprit stops
    legacy_tables  of this host, as "ip filter": there a policy may be either backend's
    returns        None where no single command is right, such as for a port nobody listens on, or
                   none can be rehearsed: no copy has traffic control or IPsec
    """
    match culprit:
        case NftRule():
            return _nft_rule(culprit)
        case IptablesRule(backend=backend, table=table, chain=chain, number=number):
            program = f"{'ip6tables' if version == 6 else 'iptables'}-{backend}"
            return f"{program} -t {shlex.quote(table)} -D {shlex.quote(chain)} {number}"
        case ArptablesRule(table=table, chain=chain, number=number):
            return f"arptables-legacy -t {shlex.quote(table)} -D {shlex.quote(chain)} {number}"
        case ChainPolicy():
            is_either = f"{culprit.family} {culprit.table}" in legacy_tables
            return None if is_either else _policy(culprit)
        case RouteObject(type_=type_, prefix=prefix, table=table_number):
            words = f"{_ip(version)} route del {type_} {prefix} table {table_number}"
            return words if type_ in _REFUSING else None
        case PolicyRuleObject(priority=priority, text=text):
            return _policy_rule(version, priority, text)
        case SysctlObject(key=key):
            value = _SYSCTLS.get(key.rpartition(".")[2])
            return None if value is None else f"sysctl -w {shlex.quote(key)}={value}"
        case _:
            return _of_devices(culprit)


def _of_devices(culprit: Culprit) -> str | None:
    match culprit:
        case NeighbourObject(interface=device, address=address, state="permanent"):
            return f"ip neighbour del {address} dev {shlex.quote(device)}"
        case LinkObject(interface=device, state="down"):
            return f"ip link set dev {shlex.quote(device)} up"
        case _:
            # What listens, resolves, keeps time or carries a tunnel is mended, not taken away.
            return None


def _nft_rule(rule: NftRule) -> str | None:
    if not all(map(_NFT_NAME.fullmatch, (rule.table, rule.chain))):
        return None
    return f"nft delete rule {rule.family} {rule.table} {rule.chain} handle {rule.handle}"


def _policy(policy: ChainPolicy) -> str | None:
    if not all(map(_NFT_NAME.fullmatch, (policy.table, policy.chain))):
        return None
    words = f"chain {policy.family} {policy.table} {policy.chain} {{ policy accept; }}"
    return f"nft {shlex.quote(words)}"


def _policy_rule(version: int, priority: int, text: str) -> str | None:
    if any(word in text for word in _NOT_FOR_IP):
        return None
    # A device may be called "a;reboot".
    return f"{_ip(version)} rule del priority {priority} {shlex.join(text.split())}"


def _ip(version: int) -> str:
    return "ip -6" if version == 6 else "ip"
