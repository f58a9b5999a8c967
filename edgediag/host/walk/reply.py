"""The answer to a packet that this host sends, on its way back in with its translations undone."""

from dataclasses import replace
from typing import Final

from edgediag.host.walk.chain_walk import Course, Step, bounded, united
from edgediag.host.walk.effects import Fate
from edgediag.host.walk.hook_walk import HookWalk
from edgediag.host.walk.inbound import enter
from edgediag.host.walk.needs import Asking
from edgediag.host.walk.octets import native_number
from edgediag.host.walk.outbound import send
from edgediag.host.walk.parcel import NO_INTERFACE, CtState, Parcel
from edgediag.host.walk.routing import flow_of
from edgediag.model.flow import Protocol

REPLY = "reply"
# What nobody tracked is answered by what begins a connection, or by what cannot begin one: a
# SYN/ACK, a reset, an echo reply (nf_conntrack_proto_tcp.c, nf_conntrack_proto_icmp.c).
_BEGINS: Final = {
    Protocol.UDP: CtState.NEW,
    Protocol.TCP: CtState.INVALID,
    Protocol.ICMP: CtState.INVALID,
}


def answer(parcel: Parcel, hooks: HookWalk) -> Asking[list[Course]]:
    """Every course of a packet and of its answer; one that does not leave has no answer."""
    answers = [_answered(sent) for sent in (yield from send(parcel, hooks))]
    found: list[Course] = []
    for each in answers:
        found += yield from enter(each, hooks)
    return bounded("the answer", REPLY, answers, united(found))


def _answered(sent: Course) -> Course:
    if sent.fate is not Fate.ACCEPTED:
        return sent
    if sent.parcel.is_for_here:
        return sent.undecided(REPLY, "what this host answers itself")
    step = Step(hook=REPLY, chain=None, rule=None, number=0, action="the far end answers")
    answer_ = _answer_to(sent.parcel)
    left = sent.with_step(step, Fate.GOES_ON)
    return replace(left, parcel=answer_, sent=sent.parcel, answered=answer_)


def _answer_to(parcel: Parcel) -> Parcel:
    """The answer to a packet that has left, as it comes back by the same device."""
    answer_ = replace(
        parcel,
        source=parcel.destination,
        destination=parcel.source,
        source_port=parcel.destination_port,
        destination_port=parcel.source_port,
        incoming=parcel.outgoing,
        outgoing=NO_INTERFACE,
        state=CtState.ESTABLISHED,
        is_tracked=False,
        is_confirmed=False,
        blurred=frozenset(),
        has_dnat=parcel.is_dnat is not False,
        has_snat=parcel.is_snat is not False,
        is_reply=True,
        was_new=False,
        mark=native_number(0),
        uid=None,
        gid=None,
    )
    if parcel.has_connection:
        return answer_
    return replace(answer_, state=_BEGINS[parcel.protocol], original=flow_of(answer_))
