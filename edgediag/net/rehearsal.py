"""A fix tried on a private copy of this host's network; the host is read and nothing else."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edgediag.errors import EdgediagError
from edgediag.host.attributes import NATIVE
from edgediag.host.clone.fidelity import in_own_handles, unfaithful
from edgediag.host.clone.handles import Handles
from edgediag.host.fix_words import Fix, translated
from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.journal import Journal
from edgediag.host.walk.octets import known
from edgediag.host.walk.parcel import CtState, Parcel
from edgediag.host.walk.summary import walked
from edgediag.model.answer import NotChecked
from edgediag.model.rehearsal import (
    FixFailed,
    RehearsalAnswer,
    Rehearsed,
    Sent,
    Walked,
)
from edgediag.model.route import Route
from edgediag.net.clone_nft import surviving_handles
from edgediag.net.conntrack import forget_connections
from edgediag.net.errand import LIMIT_S, answer_of, say_and_exit
from edgediag.net.fib import route_for
from edgediag.net.namespaces import CLONE_NEWNS, CLONE_NEWPID, die_with, unshare
from edgediag.net.shadow import NOT_COPIED, Copy, Network, apply_fix, enter_copy, read_network
from edgediag.net.trial import Trial, send_traced
from edgediag.net.walk_answers import Walk, walk_inbound, walk_outbound
from edgediag.report.values import ValueCodecError, from_text, to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What is tried.

    walk   walks the packet through the network that the calling process is in
    fixes  applied one after another
    send   sends the packet in the copy as that is by now, or says why none is sent
    """

    walk: Callable[[], Walked]
    fixes: tuple[Fix, ...]
    send: Callable[[Copy], Sent | NotChecked]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the process inside writes back."""

    answer: RehearsalAnswer


def rehearse(rehearsal: Rehearsal, limit_s: float = LIMIT_S) -> RehearsalAnswer:
    """The packet before and after the fixes, in a copy that is gone when this returns."""
    try:
        said = answer_of(lambda writer: _outside(rehearsal, writer), limit_s)
    except OSError as error:
        return NotChecked(reason=f"no process for the copy: {error.strerror}")
    try:
        return from_text(_Answer, said).answer
    except ValueCodecError:
        return NotChecked(reason="the rehearsal gave no answer")


def rehearse_parcel(
    parcel: Parcel,
    fixes: Sequence[Fix],
    walk: Walk = walk_outbound,
    *,
    limit_s: float = LIMIT_S,
) -> RehearsalAnswer:
    """Fixes for a packet of this host's walks; it goes through the copy as well, or comes in there.

    walk  the one of `edgediag.net.walk_answers` that the parcel is made for
    """
    def send(copy: Copy) -> Sent | NotChecked:
        if parcel.state is not CtState.NEW:
            return NotChecked(reason="it belongs to a connection, which has no copy")
        if walk is walk_outbound:
            return send_traced(_trial(_with_source(parcel)))
        if walk is walk_inbound:
            return _let_in(parcel, copy)
        return NotChecked(reason="an answer is not sent in the copy")

    return rehearse(
        Rehearsal(
            walk=lambda: walked(conclude(*walk(_with_source(parcel), Journal()))),
            fixes=tuple(fixes),
            send=send,
        ),
        limit_s,
    )


def _with_source(parcel: Parcel) -> Parcel:
    """The packet with the source that the kernel chooses by now: a fix may give it a way."""
    flow = parcel.original
    if not flow.source.is_unspecified:
        return parcel
    way = route_for(flow, mark=_mark(parcel), uid=parcel.uid or 0)
    if not isinstance(way, Route) or way.source is None:
        return parcel
    original = replace(flow, source=way.source)
    return replace(parcel, source=known(way.source.packed), original=original)


def _trial(parcel: Parcel) -> Trial:
    flow = parcel.original
    return Trial(flow=flow, mark=_mark(parcel), uid=parcel.uid or 0, gid=parcel.gid)


def _let_in(parcel: Parcel, copy: Copy) -> Sent | NotChecked:
    # Here, for it brings in scapy, and most rehearsals need none of it.
    from edgediag.net.arrival_trial import Arriving, inject_traced

    return inject_traced(Arriving(flow=parcel.original, incoming=parcel.incoming), copy.far)


def _mark(parcel: Parcel) -> int:
    return int.from_bytes(parcel.mark.value, NATIVE)


def _outside(rehearsal: Rehearsal, writer: int) -> str:
    """In a process of its own: read the host, then let another go into the copy and answer."""
    try:
        before = rehearsal.walk()
        network = read_network()
        if isinstance(network, NotChecked):
            return to_text(_Answer(answer=network))
        # The first process of a pid namespace takes all others of it along when it ends.
        unshare(CLONE_NEWPID | CLONE_NEWNS)
    except (OSError, EdgediagError) as error:
        return to_text(_Answer(answer=_no_copy(error)))
    child = os.fork()
    if child == 0:
        say_and_exit(writer, lambda: _answered(rehearsal, network, before))
    os.waitpid(child, 0)
    return ""


def _answered(rehearsal: Rehearsal, network: Network, before: Walked) -> str:
    try:
        # Its parent is in another pid namespace, where it cannot see it.
        die_with(0)
        answer = _inside(rehearsal, network, before)
    except (OSError, EdgediagError) as error:
        answer = _no_copy(error)
    return to_text(_Answer(answer=answer))


def _no_copy(error: Exception) -> NotChecked:
    why = "root is needed" if isinstance(error, PermissionError) else str(error)
    return NotChecked(reason=f"no copy of the network can be made: {why}")


def _inside(rehearsal: Rehearsal, network: Network, before: Walked) -> RehearsalAnswer:
    """In the copy: walk, mend, walk again."""
    copy = enter_copy(network)
    if isinstance(copy, NotChecked):
        return copy
    first = in_own_handles(rehearsal.walk(), copy.handles)
    otherwise = unfaithful(first, before, copy.missing)
    if otherwise is not None:
        return otherwise
    sent_before = _try(rehearsal, copy)
    for fix in rehearsal.fixes:
        failed = _applied(fix, copy.handles)
        if failed is not None:
            return failed
    handles = surviving_handles(copy.handles)
    if isinstance(handles, NotChecked):
        return handles
    return Rehearsed(
        fixes=tuple(fix.text for fix in rehearsal.fixes),
        before=before,
        after=in_own_handles(rehearsal.walk(), handles),
        sent_before=sent_before,
        sent_after=_try(rehearsal, copy),
        not_copied=(*NOT_COPIED, *copy.missing),
    )


def _applied(fix: Fix, handles: Handles) -> FixFailed | NotChecked | None:
    meant = translated(fix, handles)
    if not isinstance(meant, Fix):
        return FixFailed(fix=fix.text, status=1, said=meant)
    return apply_fix(meant)


def _try(rehearsal: Rehearsal, copy: Copy) -> Sent | NotChecked:
    sent = rehearsal.send(copy)
    forget_connections()
    return sent
