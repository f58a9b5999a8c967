"""Which IPsec policy decides on a flow.

source  net/xfrm/xfrm_policy.c xfrm_policy_match, xfrm_policy_lookup_bytype; include/net/xfrm.h
        __xfrm4_selector_match
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from edgediag.host.walk.octets import Octets, Truth, Unsure, both, equals, masked
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.model.flow import Address, Flow, Protocol
from edgediag.model.xfrm import XfrmPolicy, XfrmSelector

# What was added first wins among equals, and a dump does not tell which that was.
_AGE: Final = "which of the policies of xfrm that have one priority was added first"
# A selector with more in it than is read here may not select the flow after all.
_NARROWER: Final = Unsure(reason="the device or the mark that a policy of xfrm asks for")
_TYPE: Final = Unsure(reason="the type of ICMP that a policy of xfrm asks for")
_SOMEBODY: Final = Sender(mark=0, uid=0, gid=0, state=CtState.NEW)
_PROTOCOLS: Final = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A policy that may be the one that the kernel takes; None for none at all.

    doubts  what would have to turn out so that it is; () for the only candidate
    """

    policy: XfrmPolicy | None
    doubts: tuple[str, ...]


def candidates(
    policies: Sequence[XfrmPolicy], parcel: Parcel
) -> tuple[Candidate, ...]:
    """Every policy of one direction that the kernel may take for a packet, at least one answer."""
    found: list[Candidate] = []
    doubts: tuple[str, ...] = ()
    by_priority = sorted(policies, key=lambda policy: policy.priority)
    for _, group in groupby(by_priority, key=lambda policy: policy.priority):
        said = [(policy, _selects(policy.selector, parcel)) for policy in group]
        unsure = [(policy, truth) for policy, truth in said if isinstance(truth, Unsure)]
        certain = [policy for policy, truth in said if truth is True]
        doubts = (*doubts, *(truth.reason for _, truth in unsure))
        alike = {(policy.action, policy.templates) for policy in certain}
        if len(alike) > 1:
            doubts = (*doubts, _AGE)
        found += [Candidate(policy=policy, doubts=doubts) for policy, _ in unsure]
        if certain:
            ends = certain if len(alike) > 1 else certain[:1]
            return (*found, *(Candidate(policy=policy, doubts=doubts) for policy in ends))
    return (*found, Candidate(policy=None, doubts=doubts))


def deciding_policy(
    policies: Sequence[XfrmPolicy], direction: str, flow: Flow
) -> XfrmPolicy | None:
    """The policy that the kernel takes for the flow, None for none and where it cannot be told.

    flow  as the packet itself has it: of an answer that comes in, the reversed one
    """
    directed = [policy for policy in policies if policy.direction == direction]
    found = candidates(directed, parcel_of(flow, _SOMEBODY))
    return found[0].policy if len(found) == 1 else None


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


def policy_text(policy: XfrmPolicy) -> str:
    """A policy as ip-xfrm(8) lists it, on one line."""
    words = f"{selector_text(policy.selector)} dir {policy.direction} priority {policy.priority}"
    return f"policy of xfrm: {words} action {policy.action}"


def _network(prefix: tuple[Address, int]) -> str:
    address, length = prefix
    return f"{address}/{length}"


def _selects(selector: XfrmSelector, parcel: Parcel) -> Truth:
    """Whether a policy is about a packet."""
    truths = (
        selector.ip_protocol in (0, parcel.number),
        _is_within(parcel.source, selector.source),
        _is_within(parcel.destination, selector.destination),
        *_ports(selector, parcel),
    )
    return both(*truths, _NARROWER if selector.is_narrower else True)


def _is_within(octets: Octets, prefix: tuple[Address, int]) -> Truth:
    network, length = prefix
    if len(octets.value) != len(network.packed):
        return False
    width = network.max_prefixlen
    mask = ((1 << width) - (1 << (width - length))).to_bytes(width // 8, "big")
    wanted = bytes(octet & bits for octet, bits in zip(network.packed, mask))
    return equals(masked(octets, mask, bytes(width // 8)), wanted)


def _ports(selector: XfrmSelector, parcel: Parcel) -> Iterator[Truth]:
    wanted = (
        (selector.source_port, parcel.source_port),
        (selector.destination_port, parcel.destination_port),
    )
    for (value, mask), port in wanted:
        if not mask:
            continue
        if parcel.protocol is Protocol.ICMP:
            # Type and code stand in for the ports there.
            yield _TYPE
            continue
        bits = mask.to_bytes(2, "big")
        yield equals(masked(port, bits, bytes(2)), (value & mask).to_bytes(2, "big"))
