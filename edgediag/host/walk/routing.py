"""The routing of a packet on its way: asked of the kernel, never worked out here."""

from dataclasses import replace
from ipaddress import ip_address

from edgediag.host.attributes import NATIVE
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.needs import Asking, NeedRoute, NoWay, Way, ask_route
from edgediag.host.walk.parcel import Parcel
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow


def routed(course: Course, hook: str) -> Asking[list[Course]]:
    """The course behind routing: with a device to leave by, delivered here, or refused.

    hook  in whose name the step is noted
    """
    way = yield from way_for(course.parcel)
    if isinstance(way, NotChecked):
        return [course.undecided(hook, way.reason)]
    after = course.parcel
    if isinstance(way, Way):
        after = replace(
            after, outgoing=way.outgoing, gateway=way.gateway, is_for_here=way.is_local
        )
    return [_noted(replace(course, parcel=after), way, hook)]


def routed_again(course: Course, hook: str) -> Asking[Course]:
    """The same in the midst of a hook: the rules that follow see the device of before.

    Where the way is not known the course goes on, for a rule may end it before that matters.

    source  net/ipv4/netfilter.c (ip_route_me_harder); struct nf_hook_state is filled once a hook
    """
    way = yield from way_for(course.parcel)
    if isinstance(way, NotChecked):
        return replace(course, parcel=replace(course.parcel, onward=way))
    after = course.parcel
    if isinstance(way, Way):
        after = replace(
            after, onward=way.outgoing, gateway=way.gateway, is_for_here=way.is_local
        )
    return _noted(replace(course, parcel=after), way, hook)


def sent_onward(course: Course, hook: str) -> Course:
    """The course behind a hook in which it may have been routed again."""
    parcel = course.parcel
    if course.fate is not Fate.GOES_ON or parcel.onward is None:
        return course
    if isinstance(parcel.onward, NotChecked):
        return course.undecided(hook, parcel.onward.reason)
    return replace(course, parcel=replace(parcel, outgoing=parcel.onward, onward=None))


def way_for(parcel: Parcel) -> Asking[Way | NoWay | NotChecked]:
    """Where the packet goes as it is now, or why that is not known."""
    if not (parcel.destination.is_known and parcel.mark.is_known):
        reason = parcel.destination.reason or parcel.mark.reason
        return NotChecked(reason=f"the way of a packet changed by {reason}")
    mark = int.from_bytes(parcel.mark.value, NATIVE)
    need = NeedRoute(
        flow=flow_of(parcel), incoming=parcel.incoming.name, mark=mark, uid=parcel.uid or 0
    )
    return (yield from ask_route(need))


def _noted(course: Course, way: Way | NoWay, hook: str) -> Course:
    step = Step(hook=hook, chain=None, rule=None, number=0, action=way.text)
    return course.with_step(step, Fate.GOES_ON if isinstance(way, Way) else Fate.DROPPED)


def flow_of(parcel: Parcel) -> Flow:
    """The flow as the headers have it now; what is not known is left open.

    Of a packet that comes in somebody stands for all who may have sent it.
    """
    octets = parcel.source.value
    source = ip_address(octets if parcel.source.is_known else bytes(len(octets)))
    if parcel.incoming.index and not parcel.source.is_known:
        source = parcel.original.source
    return Flow(
        protocol=parcel.protocol,
        source=source,
        source_port=int.from_bytes(parcel.source_port.value, "big"),
        destination=ip_address(parcel.destination.value),
        destination_port=int.from_bytes(parcel.destination_port.value, "big"),
    )
