"""A packet that this host sends: routing, OUTPUT, routing again where it changed, POSTROUTING.

source  net/ipv4/ip_output.c, net/netfilter/nf_nat_core.c (nf_nat_inet_fn), nft_chain_route.c
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import groupby, permutations
from typing import Final

from edgediag.host.attributes import NATIVE
from edgediag.host.walk.chain_walk import ChainWalk, Course, Step, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.needs import (
    Answer,
    Asking,
    BaseChain,
    Need,
    NeedRoute,
    Way,
    ask_route,
)
from edgediag.host.walk.parcel import CtState, Parcel
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow

OUTPUT: Final = "output"
POSTROUTING: Final = "postrouting"
_CONNTRACK: Final = -200
# Chains of type nat are called from one hook of the kernel, wherever their own priority puts them.
_NAT: Final = {OUTPUT: -100, POSTROUTING: 100}
_MOST_EQUALS: Final = 3
_LOOPBACK: Final = "lo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The base chains of this host that an IPv4 packet meets."""

    chains: tuple[BaseChain, ...]


def send(parcel: Parcel, hooks: Hooks) -> Asking[list[Course]]:
    """Every course of a packet that this host sends; `Fate.ACCEPTED` for those that leave it."""
    answers: dict[Need, Answer] = {}
    course = Course(parcel=parcel, steps=(), doubts=(), fate=Fate.GOES_ON)
    routed = yield from _route(course, "routing")
    courses = yield from _hook(OUTPUT, routed, hooks, answers)
    rerouted: list[Course] = []
    for each in courses:
        if each.fate is Fate.GOES_ON and _is_rerouted(routed[0].parcel, each.parcel):
            rerouted += yield from _route(each, "routing again")
        else:
            rerouted.append(each)
    ended = yield from _hook(POSTROUTING, rerouted, hooks, answers)
    return united(_sent(each) for each in ended)


def _sent(course: Course) -> Course:
    if course.fate is not Fate.GOES_ON:
        return course
    if course.parcel.outgoing.name == _LOOPBACK:
        return course.undecided(POSTROUTING, "what the packet meets when it comes in again by lo")
    return replace(course, fate=Fate.ACCEPTED)


def _route(course: Course, hook: str) -> Asking[list[Course]]:
    parcel = course.parcel
    if not (parcel.destination.is_known and parcel.mark.is_known):
        reason = parcel.destination.reason or parcel.mark.reason
        return [course.undecided(hook, f"the way of a packet changed by {reason}")]
    source = IPv4Address(parcel.source.value if parcel.source.is_known else 0)
    flow = Flow(
        protocol=parcel.protocol,
        source=source,
        source_port=int.from_bytes(parcel.source_port.value, "big"),
        destination=IPv4Address(parcel.destination.value),
        destination_port=int.from_bytes(parcel.destination_port.value, "big"),
    )
    mark = int.from_bytes(parcel.mark.value, NATIVE)
    way = yield from ask_route(
        NeedRoute(flow=flow, incoming="", mark=mark, uid=parcel.uid or 0)
    )
    if isinstance(way, NotChecked):
        return [course.undecided(hook, way.reason)]
    step = Step(hook=hook, chain=None, rule=None, number=0, action=way.text)
    if not isinstance(way, Way):
        return [course.with_step(step, Fate.DROPPED)]
    onward = replace(course, parcel=replace(parcel, outgoing=way.outgoing))
    return [onward.with_step(step, Fate.GOES_ON)]


def _is_rerouted(before: Parcel, after: Parcel) -> bool:
    looked_at = (before.mark, before.destination), (after.mark, after.destination)
    return looked_at[0] != looked_at[1]


def _hook(
    hook: str, courses: Sequence[Course], hooks: Hooks, answers: dict[Need, Answer]
) -> Asking[list[Course]]:
    ordered = sorted((c for c in hooks.chains if c.hook == hook), key=_priority)
    live = list(courses)
    is_tracked = hook != OUTPUT
    for priority, group in groupby(ordered, key=_priority):
        if not is_tracked and priority > _CONNTRACK:
            live, is_tracked = _tracked(live), True
        live = yield from _equals(tuple(group), live, answers)
    return live if is_tracked else _tracked(live)


def _priority(chain: BaseChain) -> int:
    return _NAT.get(chain.hook, chain.priority) if chain.type_ == "nat" else chain.priority


def _tracked(courses: Iterable[Course]) -> list[Course]:
    return [
        replace(course, parcel=replace(course.parcel, is_tracked=True)) for course in courses
    ]


def _equals(
    chains: tuple[BaseChain, ...], courses: Sequence[Course], answers: dict[Need, Answer]
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
            live = yield from _base_chain(chain, live, answers)
        found += live
    if len(chains) > _MOST_EQUALS and any(each.fate is not Fate.GOES_ON for each in found):
        return [each.undecided(chains[0].hook, "the order of chains") for each in found]
    return united(found)


def _is_ascending(chains: Sequence[BaseChain]) -> bool:
    priorities = [chain.priority for chain in chains]
    return priorities == sorted(priorities)


def _base_chain(
    chain: BaseChain, courses: Sequence[Course], answers: dict[Need, Answer]
) -> Asking[list[Course]]:
    found: list[Course] = []
    for course in courses:
        if course.fate is not Fate.GOES_ON or _is_translated(chain, course.parcel):
            found.append(course)
            continue
        if chain.type_ == "nat" and course.parcel.state is not CtState.NEW:
            found.append(course.undecided(chain.hook, "how the connection is translated"))
            continue
        walk = ChainWalk(chain.hook, answers)
        for each in (yield from walk.walk(chain.name, course, 0)):
            found.append(_after(chain, each))
    return united(found)


def _after(chain: BaseChain, course: Course) -> Course:
    if course.fate is Fate.ACCEPTED:
        return replace(course, fate=Fate.GOES_ON)
    if course.fate is not Fate.GOES_ON:
        return course
    fate = Fate.DROPPED if chain.policy == "drop" else Fate.GOES_ON
    action = f"policy {chain.policy}"
    step = Step(hook=chain.hook, chain=chain.name, rule=None, number=0, action=action)
    return course.with_step(step, fate)


def _is_translated(chain: BaseChain, parcel: Parcel) -> bool:
    """Whether the packet has its translation of this kind, so that the chain is passed over."""
    if chain.type_ != "nat":
        return False
    return parcel.has_dnat if chain.hook == OUTPUT else parcel.has_snat
