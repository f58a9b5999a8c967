"""One hook for one packet: its base chains by priority, and what the kernel does between them.

source  include/uapi/linux/netfilter_ipv4.h; net/netfilter/nf_nat_core.c (nf_nat_inet_fn)
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby, permutations
from types import MappingProxyType
from typing import Final

from edgediag.host.netfilter.chains import BaseChain
from edgediag.host.walk.chain_walk import ChainWalk, Course, Step, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.needs import Asking
from edgediag.host.walk.octets import known
from edgediag.host.walk.parcel import CtState, Parcel, port_octets

INGRESS: Final = "ingress"
PREROUTING: Final = "prerouting"
INPUT: Final = "input"
FORWARD: Final = "forward"
OUTPUT: Final = "output"
POSTROUTING: Final = "postrouting"
EGRESS: Final = "egress"
_CONNTRACK: Final = -200
# Chains of type nat are called from one hook of the kernel, wherever their own priority puts them.
_NAT: Final = MappingProxyType({PREROUTING: -100, OUTPUT: -100, INPUT: 100, POSTROUTING: 100})
_FROM_HERE_OR_IN: Final = (PREROUTING, OUTPUT)
_MOST_EQUALS: Final = 3


class HookWalk:
    """The base chains that a packet of its IP version meets on this host."""

    def __init__(self, chains: Sequence[BaseChain], journal: Journal) -> None:
        self._chains = tuple(chains)
        self._journal = journal

    def without_nat(self) -> "HookWalk":
        """The same for a packet whose connection has had its translations."""
        kept = [chain for chain in self._chains if chain.type_ != "nat"]
        return HookWalk(kept, self._journal)

    def walk(self, hook: str, courses: Sequence[Course]) -> Asking[list[Course]]:
        """Every course through one hook of IP."""
        chains = [chain for chain in self._chains if chain.hook == hook]
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
        chains = [c for c in self._chains if c.hook == hook and device in c.devices]
        live = list(courses)
        for _, group in groupby(sorted(chains, key=_priority), key=_priority):
            live = yield from self._equals(tuple(group), live)
        return live

    def _equals(
        self, chains: tuple[BaseChain, ...], courses: Sequence[Course]
    ) -> Asking[list[Course]]:
        """Chains of one priority, in every order: the kernel does not tell which came first."""
        if len(chains) > _MOST_EQUALS:
            orders = [tuple(sorted(chains, key=lambda chain: chain.priority))]
        else:
            # Chains of type nat have priorities of their own within the kernel's one hook.
            orders = [order for order in permutations(chains) if _is_ascending(order)]
        found: list[Course] = []
        for order in orders:
            live = list(courses)
            for chain in order:
                live = yield from self._base_chain(chain, live)
            found += live
        if len(chains) > _MOST_EQUALS and any(each.fate is not Fate.GOES_ON for each in found):
            return [each.undecided(chains[0].hook, "the order of chains") for each in found]
        return united(found)

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
                found.append(_with_route_due(chain, course.parcel, _after(chain, each)))
        return united(found)


def _priority(chain: BaseChain) -> int:
    own = chain.priority
    return _NAT.get(chain.hook, own) if chain.type_ == "nat" else own


def _is_ascending(chains: Sequence[BaseChain]) -> bool:
    priorities = [chain.priority for chain in chains]
    return priorities == sorted(priorities)


def _after(chain: BaseChain, course: Course) -> Course:
    if course.fate is Fate.ACCEPTED:
        return replace(course, fate=Fate.GOES_ON)
    if course.fate is not Fate.GOES_ON:
        return course
    fate = Fate.DROPPED if chain.policy == "drop" else Fate.GOES_ON
    action = f"policy {chain.policy}"
    step = Step(hook=chain.hook, chain=chain.name, rule=None, number=0, action=action)
    return course.with_step(step, fate)


def _with_route_due(chain: BaseChain, before: Parcel, course: Course) -> Course:
    """A packet of this host's own is routed again behind a chain that is made for it, or a NAT.

    A mark that a chain of type filter sets comes too late for that.
    """
    after = course.parcel
    is_routed_again = {
        "route": (before.mark, before.blurred) != (after.mark, after.blurred),
        "nat": before.destination != after.destination,
    }
    if chain.hook != OUTPUT or not is_routed_again.get(chain.type_):
        return course
    return replace(course, parcel=replace(after, is_route_due=True))


def _is_passed_over(chain: BaseChain, parcel: Parcel) -> bool:
    """Whether a chain of type nat is not asked: there is a translation, or nothing to translate."""
    if chain.type_ != "nat":
        return False
    if parcel.is_reply or parcel.ct_state in (CtState.INVALID, CtState.UNTRACKED):
        return True
    return parcel.has_dnat if chain.hook in _FROM_HERE_OR_IN else parcel.has_snat


def _changed(courses: Sequence[Course], change: Callable[[Parcel], Parcel]) -> list[Course]:
    return [replace(course, parcel=change(course.parcel)) for course in courses]


def _tracked(parcel: Parcel) -> Parcel:
    return replace(parcel, is_tracked=True)


def _destination_restored(parcel: Parcel) -> Parcel:
    """An answer goes to whom the connection came from, whatever the source was made to be."""
    if not (parcel.is_reply and parcel.is_tracked and parcel.has_snat):
        return parcel
    address, port = known(parcel.original.source.packed), parcel.original.source_port
    return replace(
        parcel, destination=address, destination_port=port_octets(port, "--sport")
    )


def _source_restored(parcel: Parcel) -> Parcel:
    """An answer comes from whom the connection went to, whatever the destination was made to be."""
    if not (parcel.is_reply and parcel.is_tracked and parcel.has_dnat):
        return parcel
    address, port = known(parcel.original.destination.packed), parcel.original.destination_port
    return replace(parcel, source=address, source_port=port_octets(port, "--dport"))


_BEGUN: Final = ((_CONNTRACK, _tracked), (_NAT[PREROUTING], _destination_restored))
_ENDED: Final = ((_NAT[POSTROUTING], _source_restored),)
# What the kernel itself does in a hook, behind the chains of which priorities.
_BETWEEN: Final = MappingProxyType(
    {PREROUTING: _BEGUN, OUTPUT: _BEGUN, INPUT: _ENDED, FORWARD: (), POSTROUTING: _ENDED}
)
