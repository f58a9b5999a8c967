"""A fix tried on a private copy of this host's network; the host is read and nothing else."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn, TypeAlias

from edgediag.errors import EdgediagError
from edgediag.host.attributes import NATIVE
from edgediag.host.clone.handles import Handles, Place
from edgediag.host.clone.nft import Kind
from edgediag.host.fix_words import Fix, parse_fix, translated
from edgediag.host.walk.chain_walk import Course
from edgediag.host.walk.conclusion import conclude
from edgediag.host.walk.octets import known
from edgediag.host.walk.parcel import CtState, Parcel, Sender, parcel_of
from edgediag.model.answer import NotChecked
from edgediag.model.flow import Flow
from edgediag.model.host import Route
from edgediag.model.rehearsal import (
    Decider,
    FixFailed,
    RehearsalAnswer,
    Rehearsed,
    Sent,
    Walked,
)
from edgediag.net.clone_nft import surviving_handles
from edgediag.net.fib import route_for
from edgediag.net.namespaces import CLONE_NEWNS, CLONE_NEWPID, die_with, unshare
from edgediag.net.shadow import NOT_COPIED, Network, apply_fix, enter_copy, read_network
from edgediag.net.trial import Trial, forget_connections, send_traced
from edgediag.net.walk_answers import walk_outbound
from edgediag.report.rehearsal import walked
from edgediag.report.values import ValueCodecError, from_text, to_text

PacketWalk: TypeAlias = Callable[[Parcel], tuple[list[Course], tuple[str, ...]]]

_TIMEOUT_S: Final = 60.0
_MOST_OCTETS: Final = 1 << 20
_MOST_TOLD: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What is tried.

    walk   walks the packet through the network that the calling process is in
    fixes  applied one after another
    trial  gives the packet to send in the copy as that is by now, or says why none is sent
    """

    walk: Callable[[], Walked]
    fixes: tuple[Fix, ...]
    trial: Callable[[], Trial | NotChecked]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the process inside writes back."""

    answer: RehearsalAnswer


def rehearse(rehearsal: Rehearsal) -> RehearsalAnswer:
    """The packet before and after the fixes, in a copy that is gone when this returns."""
    parent = os.getpid()
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        return NotChecked(reason=f"no process for the copy: {error.strerror}")
    if child == 0:
        os.close(reader)
        _answer_and_exit(writer, lambda: _outside(rehearsal, writer, parent))
    os.close(writer)
    try:
        octets = _read_all(reader)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # The process inside holds the other end until the kernel has ended it.
        _read_all(reader)
        os.close(reader)
    try:
        return from_text(_Answer, octets.decode("ascii", "replace")).answer
    except ValueCodecError:
        return NotChecked(reason="the rehearsal gave no answer")


def rehearse_flow(flow: Flow, commands: Sequence[str]) -> RehearsalAnswer:
    """Commands such as `edgediag.host.fix.fix_for` gives, for a new flow of this process's own.

    flow  an unspecified source is the kernel's choice, a port 0 is not known
    """
    fixes: list[Fix] = []
    for command in commands:
        fix = parse_fix(command)
        if not isinstance(fix, Fix):
            return NotChecked(reason=fix)
        fixes.append(fix)
    sender = Sender(mark=0, uid=os.getuid(), gid=os.getgid(), state=CtState.NEW)
    return rehearse_parcel(parcel_of(flow, sender), fixes)


def rehearse_parcel(
    parcel: Parcel, fixes: Sequence[Fix], walk: PacketWalk = walk_outbound
) -> RehearsalAnswer:
    """Fixes for a packet of this host's walks; one that it sends is sent in the copy as well.

    walk  the one of `edgediag.net.walk_answers` that the parcel is made for
    """
    def trial() -> Trial | NotChecked:
        if walk is not walk_outbound:
            return NotChecked(reason="only what this host sends is sent in the copy")
        return _trial(_with_source(parcel))

    return rehearse(
        Rehearsal(
            walk=lambda: walked(conclude(*walk(_with_source(parcel)))),
            fixes=tuple(fixes),
            trial=trial,
        )
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


def _trial(parcel: Parcel) -> Trial | NotChecked:
    if parcel.state is not CtState.NEW:
        return NotChecked(reason="it belongs to a connection, which has no copy")
    flow = parcel.original
    return Trial(flow=flow, mark=_mark(parcel), uid=parcel.uid or 0, gid=parcel.gid)


def _mark(parcel: Parcel) -> int:
    return int.from_bytes(parcel.mark.value, NATIVE)


def _outside(rehearsal: Rehearsal, writer: int, parent: int) -> RehearsalAnswer | None:
    """In a process of its own: read the host, then let another go into the copy."""
    die_with(parent)
    # Ctrl-C is for the process that waits, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = rehearsal.walk()
    network = read_network()
    if isinstance(network, NotChecked):
        return network
    # The first process of a pid namespace takes all others of it along when it ends.
    unshare(CLONE_NEWPID | CLONE_NEWNS)
    child = os.fork()
    if child == 0:
        _answer_and_exit(writer, lambda: _inside(rehearsal, network, before))
    os.waitpid(child, 0)
    return None


def _inside(rehearsal: Rehearsal, network: Network, before: Walked) -> RehearsalAnswer:
    """In the copy: walk, mend, walk again."""
    die_with(0)
    copy = enter_copy(network)
    if isinstance(copy, NotChecked):
        return copy
    first = _in_own_handles(rehearsal.walk(), copy.handles)
    if _orderless(first) != _orderless(before):
        return _unfaithful(first, before, copy.missing)
    sent_before = _try(rehearsal)
    for fix in rehearsal.fixes:
        meant = translated(fix, copy.handles)
        if not isinstance(meant, Fix):
            return FixFailed(fix=fix.text, status=1, said=meant)
        failed = apply_fix(meant)
        if failed is not None:
            return failed
    handles = surviving_handles(copy.handles)
    if isinstance(handles, NotChecked):
        return handles
    return Rehearsed(
        fixes=tuple(fix.text for fix in rehearsal.fixes),
        before=before,
        after=_in_own_handles(rehearsal.walk(), handles),
        sent_before=sent_before,
        sent_after=_try(rehearsal),
        not_copied=(*NOT_COPIED, *copy.missing),
    )


def _answer_and_exit(writer: int, answer: Callable[[], RehearsalAnswer | None]) -> NoReturn:
    """Write the answer to the pipe and end, with nothing of the parent's unwritten output."""
    try:
        try:
            found = answer()
        except PermissionError:
            found = NotChecked(reason="no copy of the network can be made: root is needed")
        except (OSError, EdgediagError) as error:
            found = NotChecked(reason=f"no copy of the network can be made: {error}")
        if found is not None:
            with os.fdopen(writer, "w", encoding="ascii") as pipe:
                pipe.write(to_text(_Answer(answer=found)))
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


def _in_own_handles(walked: Walked, handles: Handles) -> Walked:
    """What a walk in the copy says, with the handles of this host."""
    return replace(
        walked, deciders=tuple(_in_own_handle(each, handles) for each in walked.deciders)
    )


def _in_own_handle(decider: Decider, handles: Handles) -> Decider:
    place = Place(
        kind=Kind.RULE, family=decider.family, table=decider.table, chain=decider.chain
    )
    # A handle that this host does not have is that of a rule which the fix has made.
    return replace(decider, handle=handles.own.get(place, {}).get(decider.handle or 0))


def _try(rehearsal: Rehearsal) -> Sent | NotChecked:
    trial = rehearsal.trial()
    if isinstance(trial, NotChecked):
        return trial
    sent = send_traced(trial)
    forget_connections()
    return sent


def _orderless(found: Walked) -> tuple[object, ...]:
    """What has to be the same in both; the kernel lists the tables of x_tables newest first."""
    return found.disposition, frozenset(found.deciders), frozenset(found.hangs_on)


def _unfaithful(there: Walked, here: Walked, missing: Sequence[str]) -> NotChecked:
    lacks = f"; it lacks {', '.join(missing)}" if missing else ""
    ends = f"the packet is {_told(there, here)} in the copy, here it is {_told(here, there)}"
    return NotChecked(reason=f"{ends}{lacks}")


def _told(found: Walked, other: Walked) -> str:
    """The end of a packet, by what the other does not say."""
    deciders = [each for each in found.deciders if each not in other.deciders]
    steps = [f"{each.hook} {each.chain} {each.text}" for each in deciders]
    hangs = [each for each in found.hangs_on if each not in other.hangs_on]
    by = "; ".join((*steps, *hangs)[:_MOST_TOLD])
    return f"{found.disposition} by {by}" if by else found.disposition


def _read_all(reader: int) -> bytes:
    """What comes through the pipe until its other end is closed or the time is up."""
    deadline_s = time.monotonic() + _TIMEOUT_S
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    octets = b""
    while len(octets) < _MOST_OCTETS:
        remaining_s = deadline_s - time.monotonic()
        if remaining_s <= 0 or not poll.poll(remaining_s * 1000):
            break
        more = os.read(reader, 65536)
        if not more:
            break
        octets += more
    return octets
