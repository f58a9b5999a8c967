"""The routing of a packet on its way: asked of the kernel, never worked out here."""

from dataclasses import replace
from ipaddress import IPv4Address

from edgediag.host.attributes import NATIVE
from edgediag.host.walk.chain_walk import Course, Step
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.needs import Asking, NeedRoute, Way, ask_route
from edgediag.host.walk.parcel import Parcel
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow


def routed(course: Course, hook: str) -> Asking[list[Course]]:
    """The course behind routing: with a device to leave by, delivered here, or refused.

    hook  in whose name the step is noted
    """
    parcel = course.parcel
    if not (parcel.destination.is_known and parcel.mark.is_known):
        reason = parcel.destination.reason or parcel.mark.reason
        return [course.undecided(hook, f"the way of a packet changed by {reason}")]
    mark = int.from_bytes(parcel.mark.value, NATIVE)
    way = yield from ask_route(
        NeedRoute(
            flow=flow_of(parcel), incoming=parcel.incoming.name, mark=mark, uid=parcel.uid or 0
        )
    )
    if isinstance(way, NotChecked):
        return [course.undecided(hook, way.reason)]
    step = Step(hook=hook, chain=None, rule=None, number=0, action=way.text)
    if not isinstance(way, Way):
        return [course.with_step(step, Fate.DROPPED)]
    after = replace(
        parcel, outgoing=way.outgoing, is_for_here=way.is_local, is_route_due=False
    )
    return [replace(course, parcel=after).with_step(step, Fate.GOES_ON)]


def flow_of(parcel: Parcel) -> Flow:
    """The flow as the headers have it now; what is not known is left open."""
    source = IPv4Address(parcel.source.value if parcel.source.is_known else 0)
    return Flow(
        protocol=parcel.protocol,
        source=source,
        source_port=int.from_bytes(parcel.source_port.value, "big"),
        destination=IPv4Address(parcel.destination.value),
        destination_port=int.from_bytes(parcel.destination_port.value, "big"),
    )
