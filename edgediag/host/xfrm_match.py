"""Which IPsec policy decides on a flow.

source  net/xfrm/xfrm_policy.c xfrm_policy_match, xfrm_policy_lookup_bytype; include/net/xfrm.h
        __xfrm4_selector_match
"""

from collections.abc import Sequence
from typing import Final

from edgediag.host.routes import PROTOCOL_NUMBERS
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector

_PROTOCOLS: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}


def deciding_policy(
    policies: Sequence[XfrmPolicy], direction: str, flow: Flow
) -> XfrmPolicy | None:
    """The policy that the kernel takes for the flow, None for none and where it cannot be told.

    flow  as the packet itself has it: of an answer that comes in, the reversed one
    """
    covering = [
        policy
        for policy in policies
        if policy.direction == direction and covers(policy.selector, flow)
    ]
    if not covering:
        return None
    lowest = min(policy.priority for policy in covering)
    first = [policy for policy in covering if policy.priority == lowest]
    # What was added first wins among equals, and a dump does not tell which that was. A selector
    # with more in it than is read here may not select the flow after all.
    if len({policy.action for policy in first}) > 1 or any(
        policy.selector.is_narrower for policy in covering
    ):
        return None
    return first[0]


def selector_text(selector: XfrmSelector) -> str:
    """A selector in the words of ip-xfrm(8); what is not read here shows as "..."."""
    words = [f"src {_network(selector.source)}", f"dst {_network(selector.destination)}"]
    if selector.ip_protocol:
        words.append(f"proto {_PROTOCOLS.get(selector.ip_protocol, selector.ip_protocol)}")
    for word, (port, mask) in (
        ("sport", selector.source_port),
        ("dport", selector.destination_port),
    ):
        if mask:
            words.append(f"{word} {port}")
    return " ".join((*words, *(("...",) if selector.is_narrower else ())))


def covers(selector: XfrmSelector, flow: Flow) -> bool:
    """Whether the addresses, the protocol and the ports of a selector hold for a flow."""
    number = PROTOCOL_NUMBERS[flow.protocol, flow.destination.version]
    if not _holds(selector.source, flow.source):
        return False
    if not _holds(selector.destination, flow.destination):
        return False
    if selector.ip_protocol not in (0, number):
        return False
    if flow.protocol is Protocol.ICMP:
        # Type and code stand in for the ports there, and a flow does not know them.
        return not (selector.source_port[1] or selector.destination_port[1])
    return _is_port(selector.source_port, flow.source_port) and _is_port(
        selector.destination_port, flow.destination_port
    )


def _network(prefix: tuple[Address, int]) -> str:
    address, length = prefix
    return f"{address}/{length}"


def _holds(prefix: tuple[Address, int], address: Address) -> bool:
    network, length = prefix
    shift = address.max_prefixlen - length
    return network.version == address.version and int(network) >> shift == int(address) >> shift


def _is_port(wanted: tuple[int, int], port: int) -> bool:
    value, mask = wanted
    return (value ^ port) & mask == 0
