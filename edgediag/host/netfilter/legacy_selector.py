"""Which packets a rule of iptables-legacy is for: its addresses, devices, protocol and matches.

A rule may match a flow unless one of the conditions that are read here excludes it: what is not
read excludes nothing.

source  include/uapi/linux/netfilter_ipv4/ip_tables.h (ipt_ip, IPT_INV_*)
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from edgediag.host.attributes import text
from edgediag.host.netfilter.statement import XtMatch
from edgediag.host.netfilter.xt.ports import is_for_ports
from edgediag.host.netfilter.xt.words import match_words
from edgediag.model.flow import Flow, Protocol

HEAD_OCTETS: Final = 84
_HEAD: Final = struct.Struct("=4s4s4s4s16s16s16s16sHBB")
_NUMBERS: Final = {Protocol.ICMP: 1, Protocol.TCP: 6, Protocol.UDP: 17}
_NAMES: Final = {number: protocol.value for protocol, number in _NUMBERS.items()}
_NOT_IN, _NOT_OUT, _NOT_SOURCE, _NOT_DESTINATION, _NOT_PROTOCOL = 1, 2, 8, 16, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """The conditions of one rule.

    source, destination  None for every address
    protocol             0 for all
    inverted             IPT_INV_* bits
    matches              in the order of the rule
    """

    source: IPv4Network | None
    destination: IPv4Network | None
    incoming: str
    outgoing: str
    protocol: int
    inverted: int
    matches: tuple[XtMatch, ...]


def decode_selector(head: bytes, matches: tuple[XtMatch, ...]) -> Selector:
    """The selector of an entry; `head` is its struct ipt_ip, HEAD_OCTETS long."""
    source, destination, source_mask, destination_mask, *rest = _HEAD.unpack(head)
    incoming, outgoing, _, _, protocol, _, inverted = rest
    return Selector(
        source=_network(source, source_mask),
        destination=_network(destination, destination_mask),
        incoming=text(incoming),
        outgoing=text(outgoing),
        protocol=protocol,
        inverted=inverted,
        matches=matches,
    )


def may_match(selector: Selector, flow: Flow) -> bool:
    """False where a condition that is read excludes every packet of the flow."""
    is_protocol = selector.protocol in (0, _NUMBERS.get(flow.protocol))
    conditions = (
        (is_protocol, _NOT_PROTOCOL),
        (_holds(selector.source, flow.source), _NOT_SOURCE),
        (_holds(selector.destination, flow.destination), _NOT_DESTINATION),
    )
    if any(met == bool(selector.inverted & bit) for met, bit in conditions):
        return False
    return all(
        is_for_ports(match.name, match.info, flow.source_port, flow.destination_port)
        for match in selector.matches
    )


def selector_words(selector: Selector) -> str:
    """The selector as iptables-save prints it."""
    words = [
        _option("-s", str(selector.source or ""), selector.inverted & _NOT_SOURCE),
        _option("-d", str(selector.destination or ""), selector.inverted & _NOT_DESTINATION),
        _option("-i", selector.incoming, selector.inverted & _NOT_IN),
        _option("-o", selector.outgoing, selector.inverted & _NOT_OUT),
        _option("-p", _protocol(selector.protocol), selector.inverted & _NOT_PROTOCOL),
    ]
    words += [match_words(match, "ip") for match in selector.matches]
    return " ".join(word for word in words if word)


def _network(address: bytes, mask: bytes) -> IPv4Network | None:
    """None for every address; a mask that is no prefix excludes nothing."""
    ones = int.from_bytes(mask, "big")
    length = ones.bit_count()
    if not length or ones != (2**length - 1) << (32 - length):
        return None
    return IPv4Network((int.from_bytes(address, "big") & ones, length))


def _holds(network: IPv4Network | None, address: object) -> bool:
    return network is None or (isinstance(address, IPv4Address) and address in network)


def _protocol(number: int) -> str:
    return _NAMES.get(number, str(number)) if number else ""


def _option(option: str, value: str, inverted: int) -> str:
    return f"{'! ' * bool(inverted)}{option} {value}" if value else ""
