"""One hook for one packet: its base chains by priority, and what the kernel does between them.

source  include/uapi/linux/netfilter_ipv4.h; net/netfilter/nf_nat_core.c (nf_nat_inet_fn)
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby, permutations
from types import MappingProxyType
from typing import Final, TypeAlias

from edgediag.host.netfilter.base_chain import is_at_device
from edgediag.host.netfilter.chains import BaseChain
from edgediag.host.walk.chain_walk import ChainWalk, Course, Step, bounded, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Asking
from edgediag.host.walk.octets import known
from edgediag.host.walk.parcel import CtState, Parcel, port_octets
from edgediag.host.walk.routing import routed_again

INGRESS: Final = "ingress"
PREROUTING: Final = "prerouting"
INPUT: Final = "input"
FORWARD: Final = "forward"
OUTPUT: Final = "output"
POSTROUTING: Final = "postrouting"
EGRESS: Final = "egress"
# No hook of the kernel: where a packet waits for its next hop's MAC.
NEIGHBOUR: Final = "neighbour"
ROUTING_AGAIN: Final = "routing again"
_CONNTRACK: Final = -200
_CONFIRM: Final = 0x7FFFFFFF
# Chains of type nat are called from one hook of the kernel, wherever their own priority puts them.
_NAT: Final = MappingProxyType({PREROUTING: -100, OUTPUT: -100, INPUT: 100, POSTROUTING: 100})
_FROM_HERE_OR_IN: Final = (PREROUTING, OUTPUT)
_MOST_EQUALS: Final = 3
BRIDGE_FAMILY: Final = "bridge"
ARP_FAMILY: Final = "arp"
# Their hooks have the names of those of IP.
_OF_OTHERS: Final = (BRIDGE_FAMILY, ARP_FAMILY)

Call: TypeAlias = Callable[[Sequence[Course]], Asking[list[Course]]]
"""What the kernel calls at one place of a hook, for every course that comes there."""


class HookWalk:
    """The base chains that a packet of its IP version meets on this host.

    unread_of_arp  rule sets that messages of ARP meet and nobody read
    """

    def __init__(
        self, chains: Sequence[BaseChain], journal: Journal, unread_of_arp: tuple[str, ...] = ()
    ) -> None:
        self._chains = tuple(chains)
        self._journal = journal
        self.unread_of_arp = unread_of_arp

    def without_nat(self) -> "HookWalk":
        """The same for a packet whose connection has had its translations."""
        kept = [chain for chain in self._chains if chain.type_ != "nat"]
        return HookWalk(kept, self._journal, self.unread_of_arp)

    def walk(self, hook: str, courses: Sequence[Course]) -> Asking[list[Course]]:
        """Every course through one hook of IP."""
        chains = [c for c in self._chains if c.hook == hook and c.name.family not in _OF_OTHERS]
        ordered = sorted(chains, key=_priority)
        live, due = list(courses), list(_BETWEEN[hook])
        for priority, group in groupby(ordered, key=_priority):
            while due and due[0][0] < priority:
                live = _changed(live, due.pop(0)[1])
            live = yield from self._equals(tuple(group), live)
        for _, change in due:
            live = _changed(live, change)
        return live

    def at_device(
        self, hook: str, device: str, courses: Sequence[Course]
    ) -> Asking[list[Course]]:
        """Every course through the chains at one device, before or behind those of IP."""
        chains = [c for c in self._chains if c.hook == hook and is_at_device(c, device)]
        live = list(courses)
        for _, group in groupby(sorted(chains, key=_priority), key=_priority):
            live = yield from self._equals(tuple(group), live)
        return live

    def taken_up(self, courses: Sequence[Course]) -> Asking[list[Course]]:
        """Every course to the first hook of its protocol: INPUT of ARP, or PREROUTING of IP."""
        messages = [each for each in courses if each.parcel.arp is not None]
        packets = [each for each in courses if each.parcel.arp is None]
        asked = yield from self.of_frames((ARP_FAMILY, INPUT), messages, ())
        return [*asked, *(yield from self.walk(PREROUTING, packets))]

    def of_frames(
        self, place: tuple[str, str], courses: Sequence[Course], beside: Sequence[tuple[int, Call]]
    ) -> Asking[list[Course]]:
        """Every course through the chains of family bridge or arp at one hook.

        place   the family and the hook
        beside  what else is called there, by its priority
        """
        family, hook = place
        own = [c for c in self._chains if c.hook == hook and c.name.family == family]
        calls: list[tuple[int, Call]] = [(c.priority, partial(self._called, (c,))) for c in own]
        live = list(courses)
        ordered = sorted([*calls, *beside], key=lambda each: each[0])
        for _, group in groupby(ordered, key=lambda each: each[0]):
            live = yield from self._in_every_order(hook, [call for _, call in group], live)
        return live

    def has_rules_at(self, ports: Sequence[str]) -> bool:
        """Whether a chain stands in the way of frames that pass a bridge with these ports."""
        return any(
            chain.name.family == BRIDGE_FAMILY or any(is_at_device(chain, port) for port in ports)
            for chain in self._chains
        )

    def has_rules(self) -> bool:
        """Whether any chain stands in the way of packets."""
        return bool(self._chains)

    def has_frame_rules(self) -> bool:
        """Whether a chain stands in the way of messages of ARP, by whichever device."""
        return any(
            chain.name.family in _OF_OTHERS or chain.hook in (INGRESS, EGRESS)
            for chain in self._chains
        )

    def _equals(
        self, chains: tuple[BaseChain, ...], courses: Sequence[Course]
    ) -> Asking[list[Course]]:
        """Every course through chains of one priority, of which one hook has all of type nat."""
        together = [(chain,) for chain in chains if chain.type_ != "nat"]
        nat = tuple(chain for chain in chains if chain.type_ == "nat")
        calls = [partial(self._called, each) for each in ([*together, nat] if nat else together)]
        return (yield from self._in_every_order(chains[0].hook, calls, courses))

    def _in_every_order(
        self, hook: str, calls: Sequence[Call], courses: Sequence[Course]
    ) -> Asking[list[Course]]:
        """Every course through what has one priority: the kernel does not tell which came first."""
        if len(calls) > _MOST_EQUALS:
            return (yield from self._in_one_order(hook, calls, courses))
        found: list[Course] = []
        for order in permutations(calls):
            live = list(courses)
            for call in order:
                live = yield from call(live)
            found += live
        return bounded(f"hook {hook}", hook, courses, united(found))

    def _in_one_order(
        self, hook: str, calls: Sequence[Call], courses: Sequence[Course]
    ) -> Asking[list[Course]]:
        """The same of too many to try: their order is of no account where none does anything."""
        found: list[Course] = []
        for course in courses:
            live = [course]
            for call in calls:
                live = yield from call(live)
                # At once: what another chain undoes has been done all the same.
                if any((e.fate, e.parcel) != (course.fate, course.parcel) for e in live):
                    live = [course.undecided(hook, "the order of chains")]
                    break
            found += live
        return united(found)

    def _called(
        self, chains: tuple[BaseChain, ...], courses: Sequence[Course]
    ) -> Asking[list[Course]]:
        """Every course through one chain, or through those of type nat by their own priorities."""
        if len(chains) == 1:
            return (yield from self._base_chain(chains[0], courses))
        live = list(courses)
        for _, group in groupby(sorted(chains, key=_own_priority), key=_own_priority):
            alone = [partial(self._called, (chain,)) for chain in group]
            live = yield from self._in_every_order(chains[0].hook, alone, live)
        return live

    def _base_chain(self, chain: BaseChain, courses: Sequence[Course]) -> Asking[list[Course]]:
        found: list[Course] = []
        for course in courses:
            if course.fate is not Fate.GOES_ON or _is_passed_over(chain, course.parcel):
                found.append(course)
                continue
            if chain.type_ == "nat" and course.parcel.state is not CtState.NEW:
                found.append(course.undecided(chain.hook, "how the connection is translated"))
                continue
            walk = ChainWalk(chain.hook, self._journal)
            for each in (yield from walk.walk(chain.name, course, 0)):
                after = _after(chain, each)
                if _is_route_due(chain, course.parcel, after):
                    after = yield from routed_again(after, ROUTING_AGAIN)
                found.append(after)
        return bounded(f"hook {chain.hook}", chain.hook, courses, united(found))


def _priority(chain: BaseChain) -> int:
    own = chain.priority
    return _NAT.get(chain.hook, own) if chain.type_ == "nat" else own


def _own_priority(chain: BaseChain) -> int:
    return chain.priority


def _after(chain: BaseChain, course: Course) -> Course:
    if course.fate is Fate.ACCEPTED:
        return replace(course, fate=Fate.GOES_ON)
    if course.fate is not Fate.GOES_ON:
        return course
    fate = Fate.DROPPED if chain.policy == "drop" else Fate.GOES_ON
    action = f"policy {chain.policy}"
    step = Step(hook=chain.hook, chain=chain.name, rule=None, number=0, action=action)
    return course.with_step(step, fate)


def _is_route_due(chain: BaseChain, before: Parcel, course: Course) -> bool:
    """A packet of this host's own is routed again behind a chain that is made for it, or a NAT.

    At once: a mark that is set later, or by a chain of type filter, comes too late for that.
    """
    after = course.parcel
    is_changed = {
        "route": (before.mark, before.blurred) != (after.mark, after.blurred),
        "nat": before.destination != after.destination,
    }
    is_here = chain.hook == OUTPUT and course.fate is Fate.GOES_ON
    return is_here and is_changed.get(chain.type_, False)


def _is_passed_over(chain: BaseChain, parcel: Parcel) -> bool:
    """Whether a chain of type nat is not asked: there is a translation, or nothing to translate."""
    if chain.type_ != "nat":
        return False
    if parcel.is_in_reply_direction or not parcel.has_connection:
        return True
    return parcel.has_dnat if chain.hook in _FROM_HERE_OR_IN else parcel.has_snat


def _changed(courses: Sequence[Course], change: Callable[[Parcel], Parcel]) -> list[Course]:
    return [replace(course, parcel=change(course.parcel)) for course in courses]


def _tracked(parcel: Parcel) -> Parcel:
    return replace(parcel, is_tracked=True)


def _confirmed(parcel: Parcel) -> Parcel:
    return replace(parcel, is_confirmed=True)


def _destination_restored(parcel: Parcel) -> Parcel:
    """An answer goes to whom the connection came from, whatever the source was made to be."""
    if not (parcel.is_in_reply_direction and parcel.has_snat):
        return parcel
    address, port = known(parcel.original.source.packed), parcel.original.source_port
    return replace(
        parcel, destination=address, destination_port=port_octets(port, "--sport")
    )


def _source_restored(parcel: Parcel) -> Parcel:
    """An answer comes from whom the connection went to, whatever the destination was made to be."""
    if not (parcel.is_in_reply_direction and parcel.has_dnat):
        return parcel
    address, port = known(parcel.original.destination.packed), parcel.original.destination_port
    return replace(parcel, source=address, source_port=port_octets(port, "--dport"))


_BEGUN: Final = ((_CONNTRACK, _tracked), (_NAT[PREROUTING], _destination_restored))
_ENDED: Final = ((_NAT[POSTROUTING], _source_restored), (_CONFIRM, _confirmed))
# What the kernel itself does in a hook, behind the chains of which priorities.
_BETWEEN: Final = MappingProxyType(
    {PREROUTING: _BEGUN, OUTPUT: _BEGUN, INPUT: _ENDED, FORWARD: (), POSTROUTING: _ENDED}
)
