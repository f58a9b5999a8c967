"""Routing policy rules as the kernel dumps them, and whether one covers a flow.

source  rtnetlink(7); include/uapi/linux/fib_rules.h; net/core/fib_rules.c fib_rule_match
"""

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from edgediag.host.attributes import attributes, big, native, text
from edgediag.host.routes import FAMILIES, PROTOCOL_NUMBERS, RouteKey
from edgediag.model.flow import Address, Protocol
from edgediag.model.packet import LOOPBACK

LOOKUP: Final = 1
GOTO: Final = 2
BLACKHOLE: Final = 6
UNREACHABLE: Final = 7
PROHIBIT: Final = 8

_HEADER: Final = struct.Struct("=BBBBBBBBI")
_PORTS: Final = struct.Struct("=HH")
_UIDS: Final = struct.Struct("=II")
_FLAG_INVERT: Final = 0x2
_FRA_DST, _FRA_SRC, _FRA_IIFNAME, _FRA_GOTO, _FRA_PRIORITY, _FRA_FWMARK = 1, 2, 3, 4, 6, 10
_FRA_TUN_ID, _FRA_SUPPRESS_IFGROUP, _FRA_SUPPRESS_PREFIXLEN, _FRA_TABLE = 12, 13, 14, 15
_FRA_FWMASK, _FRA_OIFNAME, _FRA_L3MDEV, _FRA_UID_RANGE, _FRA_IP_PROTO = 16, 17, 19, 20, 22
_FRA_SPORT_RANGE, _FRA_DPORT_RANGE, _FRA_SPORT_MASK, _FRA_DPORT_MASK = 23, 24, 28, 29
_UNLIMITED: Final = 0xFFFFFFFF
_EXACT_PORT: Final = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A policy rule with its whole selector; what is None or "" selects nothing.

    source, destination   address and prefix length
    mark                  value and mask
    ports, uids           first and last, both inclusive
    goto                  priority of the rule to go on with
    suppress_prefix_length, suppress_group  -1 for none
    is_fully_known        False when it has a selector that is not read here
    """

    family: int
    action: int
    table: int
    priority: int
    is_inverted: bool
    source: tuple[Address, int] | None
    destination: tuple[Address, int] | None
    tos: int
    mark: tuple[int, int] | None
    tunnel: int
    input_interface: str
    output_interface: str
    is_l3mdev: bool
    uids: tuple[int, int] | None
    ip_protocol: int
    source_ports: tuple[int, int] | None
    destination_ports: tuple[int, int] | None
    goto: int
    suppress_prefix_length: int
    suppress_group: int
    is_fully_known: bool


def decode_rule(payload: bytes) -> Rule | None:
    """The rule in an RTM_NEWRULE, or None where it is too short or of another family."""
    if len(payload) < _HEADER.size:
        return None
    family, to_bits, from_bits, tos, table, _, _, action, flags = _HEADER.unpack_from(payload)
    if family not in FAMILIES.values():
        return None
    found = attributes(payload[_HEADER.size :])
    return Rule(
        family=family,
        action=action,
        table=native(found.get(_FRA_TABLE)) or table,
        priority=native(found.get(_FRA_PRIORITY)),
        is_inverted=bool(flags & _FLAG_INVERT),
        source=_prefix(found.get(_FRA_SRC), from_bits),
        destination=_prefix(found.get(_FRA_DST), to_bits),
        tos=tos,
        mark=_mark(found),
        tunnel=big(found.get(_FRA_TUN_ID)),
        input_interface=text(found.get(_FRA_IIFNAME)),
        output_interface=text(found.get(_FRA_OIFNAME)),
        is_l3mdev=bool(native(found.get(_FRA_L3MDEV))),
        uids=_pair(_UIDS, found.get(_FRA_UID_RANGE)),
        ip_protocol=native(found.get(_FRA_IP_PROTO)),
        source_ports=_pair(_PORTS, found.get(_FRA_SPORT_RANGE)),
        destination_ports=_pair(_PORTS, found.get(_FRA_DPORT_RANGE)),
        goto=native(found.get(_FRA_GOTO)),
        suppress_prefix_length=_limit(found.get(_FRA_SUPPRESS_PREFIXLEN)),
        suppress_group=_limit(found.get(_FRA_SUPPRESS_IFGROUP)),
        is_fully_known=_is_fully_known(found),
    )


def covers(rule: Rule, key: RouteKey) -> bool | None:
    """Whether a rule's selector holds for the packet, or None if it cannot be told.

    A packet of this host "comes in" on lo, goes out on no interface yet, has type of service 0
    and no tunnel id (net/ipv4/route.c inet_rtm_getroute).
    """
    flow = key.flow
    incoming = key.incoming[0] if key.incoming else LOOPBACK
    conditions = (
        _holds(rule.source, flow.source),
        _holds(rule.destination, flow.destination),
        rule.tos == 0,
        rule.mark is None or (rule.mark[0] ^ key.mark) & rule.mark[1] == 0,
        rule.tunnel == 0,
        rule.input_interface in ("", incoming),
        rule.output_interface == "",
        not rule.is_l3mdev,
        _within(rule.uids, key.uid),
        rule.ip_protocol in (0, PROTOCOL_NUMBERS[flow.protocol, flow.destination.version]),
        _within(rule.source_ports, _port(flow.protocol, flow.source_port)),
        _within(rule.destination_ports, _port(flow.protocol, flow.destination_port)),
    )
    if all(conditions) and not rule.is_fully_known:
        return None
    return all(conditions) is not rule.is_inverted


def _holds(prefix: tuple[Address, int] | None, address: Address) -> bool:
    if prefix is None:
        return True
    network, length = prefix
    shift = address.max_prefixlen - length
    return network.version == address.version and int(network) >> shift == int(address) >> shift


def _within(bounds: tuple[int, int] | None, number: int) -> bool:
    return bounds is None or bounds[0] <= number <= bounds[1]


def _port(protocol: Protocol, port: int) -> int:
    return 0 if protocol is Protocol.ICMP else port


def _prefix(octets: bytes | None, length: int) -> tuple[Address, int] | None:
    if octets is None or len(octets) not in (4, 16) or length > 8 * len(octets):
        return None
    return ip_address(octets), length


def _mark(found: dict[int, bytes]) -> tuple[int, int] | None:
    mark, mask = native(found.get(_FRA_FWMARK)), found.get(_FRA_FWMASK)
    return (mark, _UNLIMITED if mask is None else native(mask)) if mark or mask else None


def _pair(form: struct.Struct, octets: bytes | None) -> tuple[int, int] | None:
    if octets is None or len(octets) != form.size:
        return None
    first, last = form.unpack(octets)
    return first, last


def _limit(octets: bytes | None) -> int:
    number = _UNLIMITED if octets is None else native(octets)
    return -1 if number == _UNLIMITED else number


def _is_fully_known(found: dict[int, bytes]) -> bool:
    # Linux 6.15 tells the mask of every port: 0xffff means "this very port".
    masks = {_FRA_SPORT_MASK, _FRA_DPORT_MASK}
    unknown = {type_ for type_ in found if type_ > _FRA_DPORT_RANGE}
    return unknown <= masks and all(native(found[type_]) == _EXACT_PORT for type_ in unknown)
