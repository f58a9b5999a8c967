"""The kernel's own word on which rule drops a flow, from a table that dies with this process.

The table belongs to a netlink socket (NFT_TABLE_F_OWNER, Linux 5.12): nobody else can change
it, and the kernel takes it down when the socket closes, however the process ends. Its rules
touch nothing but the trace bit of the flows asked for; no rule of the host is changed, and none
is read but the one that drops.

iptables-legacy looks at the same bit: where it has tables, each traced packet leaves TRACE lines
in the log that the namespace has for packets (net.netfilter.nf_log.2), if it has one.
"""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Final

from edgediag.host.attributes import big32, nest, string
from edgediag.host.messages import NLM_F_APPEND, NLM_F_CREATE, Message
from edgediag.host.netfilter.culprit import (
    iptables_culprit,
    nft_culprit,
    policy_culprit,
    rejects,
)
from edgediag.host.netfilter.iptables import is_iptables
from edgediag.host.netfilter.journey import Dropped, Passed, Tables, journey_of
from edgediag.host.netfilter.register import NO_NAMES, Names
from edgediag.host.netfilter.rule import FilterChain, FilterRule
from edgediag.host.netfilter.selector import trace_expressions
from edgediag.host.netfilter.trace import TraceMessage, decode_trace
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ChainPolicy, IptablesRule, NftRule
from edgediag.model.drops import TraceDropped, TracePassed, TraceResult
from edgediag.model.flow import Flow
from edgediag.net.closing import Closing
from edgediag.net.ipset import with_set_names
from edgediag.net.netlink import NETLINK_NETFILTER, NetlinkSocket, Refusal
from edgediag.net.nfnetlink import (
    NFNLGRP_NFTRACE,
    anonymous_sets,
    change,
    commit,
    read_chain,
    read_handles,
    read_rule,
)
from edgediag.net.polling import is_readable

_NFT_MSG_NEWTABLE, _NFT_MSG_NEWCHAIN, _NFT_MSG_NEWRULE = 0, 3, 6
_NFT_TABLE_F_OWNER: Final = 2
# Numbers of <linux/netfilter.h>, enum nf_inet_hooks.
_BEGINS: Final[Mapping[str, int]] = {"prerouting": 0, "output": 3}
_ENDS: Final[Mapping[str, int]] = {"input": 1, "postrouting": 4}
# Before raw (-300) and behind conntrack's helpers (300), the utmost that others use by name.
_FIRST: Final = -350
_LAST: Final = 400
_FAMILY: Final = "inet"
_NETDEV: Final = "netdev"
_INGRESS: Final = 0
_MOST_MESSAGES: Final = 20_000
_REASONS: Final = {
    "EPERM": "CAP_NET_ADMIN is missing",
    "EOPNOTSUPP": "this kernel has no owned tables (Linux 5.12) or no nf_tables",
    "EINVAL": "this kernel has no owned tables (Linux 5.12)",
}


class Tracer(Closing):
    """An open trace of some flows and their answers.

    Send the packets again while it is open, `read`, then `conclude` for each flow.
    """

    # The kernel tells of every packet.
    tries = 1

    def __init__(self, owner: NetlinkSocket, monitor: NetlinkSocket, own: Tables) -> None:
        self._owner = owner
        self._monitor = monitor
        self._own = own
        self._messages: list[TraceMessage] = []
        self._is_lossy = False

    def fileno(self) -> int:
        """Readable when the kernel has something to tell."""
        return self._monitor.fileno()

    def close(self) -> None:
        """Take the table down; takes the kernel about 15 ms."""
        self._monitor.close()
        self._owner.close()

    def read(self, timeout_s: float) -> int:
        """Take in what the kernel tells within the time, in bounded number.

        timeout_s  0.0 takes what has been told already
        returns    how many messages have come in all
        """
        deadline_s = time.monotonic() + timeout_s
        while len(self._messages) < _MOST_MESSAGES:
            if not is_readable(self._monitor.fileno(), deadline_s - time.monotonic()):
                break
            received = self._monitor.receive()
            if isinstance(received, Refusal):
                # ENOBUFS: the kernel had more to tell than the socket could hold.
                self._is_lossy = True
                continue
            steps = (decode_trace(message) for message in received)
            self._messages += [step for step in steps if step is not None]
        self._is_lossy = self._is_lossy or len(self._messages) >= _MOST_MESSAGES
        return len(self._messages)

    def conclude(self, flow: Flow) -> TraceResult:
        """Which rule or policy dropped the flow or its answer, by all that was read so far."""
        match journey_of(flow, self._messages, own=self._own):
            case None:
                return NotChecked(reason="no trace message came for the flow")
            case Passed() if self._is_lossy:
                return NotChecked(reason="trace messages were lost")
            case Passed() as passed:
                return TracePassed(
                    chains=passed.chains,
                    is_sent=passed.is_sent,
                    is_received=passed.is_received,
                    is_delivered=passed.is_delivered,
                )
            case Dropped() as dropped:
                return self._dropped(dropped)

    def _dropped(self, dropped: Dropped) -> TraceDropped:
        family, table = dropped.family, dropped.table
        chain = read_chain(self._owner, family, table, dropped.base_chain)
        rule: FilterRule | Refusal | None = None
        if dropped.handle:
            rule = read_rule(self._owner, family, table, dropped.chain, handle=dropped.handle)
        # Between the drop and this question somebody may have removed either.
        known = rule if isinstance(rule, FilterRule) else None
        return TraceDropped(
            culprit=self._culprit(dropped, known),
            hook=chain.hook if isinstance(chain, FilterChain) else "",
            is_reject=known is not None and rejects(known),
            is_reply=dropped.is_reply,
        )

    def _culprit(
        self, dropped: Dropped, rule: FilterRule | None
    ) -> NftRule | IptablesRule | ChainPolicy:
        if not dropped.handle:
            return policy_culprit(dropped.key)
        if rule is None:
            return nft_culprit(dropped.key, rule, NO_NAMES)
        if is_iptables(rule, dropped.base_chain):
            handles = read_handles(self._owner, rule.family, rule.table, rule.chain)
            numbered = () if isinstance(handles, Refusal) else handles
            (named,) = with_set_names(self._owner, (rule,))
            iptables = iptables_culprit(named, numbered)
            if iptables is not None:
                return iptables
        names = Names(
            sets=anonymous_sets(self._owner, rule), interfaces=dict(socket.if_nameindex())
        )
        return nft_culprit(dropped.key, rule, names)


def open_tracer(flows: Sequence[Flow], devices: Sequence[str] = ()) -> Tracer | NotChecked:
    """Begin to trace the flows and their answers, or say why this kernel cannot.

    devices  on which answers are traced from the ingress hook on, elsewhere from PREROUTING

    Nothing is left behind either way: a transaction that the kernel refuses changes nothing.
    """
    # A name used again at once may still be held by the table going down (EPERM, measured).
    begin = f"edgediag_{os.getpid()}_{os.urandom(4).hex()}"
    own = Tables(begin=begin, end=f"{begin}_end")
    try:
        owner = NetlinkSocket(NETLINK_NETFILTER)
        try:
            monitor = NetlinkSocket(NETLINK_NETFILTER, group=NFNLGRP_NFTRACE)
        except OSError:
            owner.close()
            raise
    except OSError as error:
        return NotChecked(reason=f"cannot open a netfilter socket: {error.strerror}")
    tracer = Tracer(owner, monitor, own)
    refusal = commit(owner, [*_changes(own, flows), *_device_changes(own, flows, devices)])
    if refusal is not None and devices:
        # Built without CONFIG_NETFILTER_INGRESS: what is dropped at a device is not named then.
        refusal = commit(owner, _changes(own, flows))
    if refusal is None:
        return tracer
    tracer.close()
    return NotChecked(reason=_explanation(refusal))


def _changes(own: Tables, flows: Sequence[Flow]) -> list[Message]:
    name = string(1, own.begin)
    changes = [*_table(own.begin, _BEGINS, _FIRST), *_table(own.end, _ENDS, _LAST)]
    for flow in dict.fromkeys(each for flow in flows for each in (flow, flow.reversed())):
        # Both ways in both chains: on lo a packet goes out and comes in again.
        for hook in _BEGINS:
            expressions = nest(4, trace_expressions(flow))
            changes.append(_new(_NFT_MSG_NEWRULE, name, string(2, hook), expressions))
    return changes


def _device_changes(
    own: Tables, flows: Sequence[Flow], devices: Sequence[str]
) -> list[Message]:
    """One ingress chain for each device, in a table of family netdev."""
    if not devices:
        return []
    name = string(1, own.begin)
    changes = [_new(_NFT_MSG_NEWTABLE, name, big32(2, _NFT_TABLE_F_OWNER), family=_NETDEV)]
    for place, device in enumerate(devices):
        chain = string(3, f"ingress{place}")
        hooked = nest(4, big32(1, _INGRESS), big32(2, _FIRST), string(3, device))
        changes.append(
            _new(_NFT_MSG_NEWCHAIN, name, chain, hooked, string(7, "filter"), family=_NETDEV)
        )
        for flow in flows:
            expressions = nest(4, trace_expressions(flow.reversed(), is_netdev=True))
            rule = (name, string(2, f"ingress{place}"), expressions)
            changes.append(_new(_NFT_MSG_NEWRULE, *rule, family=_NETDEV))
    return changes


def _table(table: str, hooks: Mapping[str, int], priority: int) -> list[Message]:
    """An owned table with one chain for each hook; what comes to a chain's end is accepted."""
    name = string(1, table)
    changes = [_new(_NFT_MSG_NEWTABLE, name, big32(2, _NFT_TABLE_F_OWNER))]
    for hook, number in hooks.items():
        hooked = nest(4, big32(1, number), big32(2, priority))
        changes.append(_new(_NFT_MSG_NEWCHAIN, name, string(3, hook), hooked, string(7, "filter")))
    return changes


def _new(type_: int, *attributes: bytes, family: str = _FAMILY) -> Message:
    return change(type_, family, *attributes, flags=NLM_F_CREATE | NLM_F_APPEND)


def _explanation(refusal: Refusal) -> str:
    reason = _REASONS.get(refusal.errno_name, f"{refusal.errno_name} {refusal.text}".strip())
    return f"cannot trace in nf_tables: {reason}"
