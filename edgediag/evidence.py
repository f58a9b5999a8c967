"""Joins what was seen of one check: attempts, contrast, ladder, controls and host state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgediag.checked import Checked, is_heard, is_ok, lead
from edgediag.locate.planned import Choice, Search
from edgediag.meaning import speaks_for
from edgediag.model.answer import NotChecked
from edgediag.model.drops import DropCount, KernelDrops, TraceResult
from edgediag.model.endpoint import Omitted, Target
from edgediag.model.evidence import (
    NOT_RESOLVED,
    Alternative,
    Control,
    FlowEvidence,
    HandshakeEvidence,
    Kin,
    NameServer,
    OmittedEvidence,
    Override,
    ProgramVerdict,
    Relation,
    StreamEvidence,
    Surroundings,
)
from edgediag.model.explained import Explained
from edgediag.model.flow import Flow
from edgediag.model.host import Link, Neighbour
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder
from edgediag.model.probe import Purpose
from edgediag.model.route import RouteAnswer
from edgediag.model.train import Train
from edgediag.model.variation import Variation
from edgediag.path import first_in_name_of, last_expiry

NOT_NEEDED = NotChecked(reason="the check passed")
NOT_LOST = NotChecked(reason="the probe did not get off this host")
NOT_SUSPECT = NotChecked(reason="the probe left this host and nothing came back to it")
NOT_CONFIRMED = NotChecked(reason="others with the same symptom were asked once more")
NOT_CONVERSED = NotChecked(
    reason="no connection failed after its handshake, or others were asked in its stead"
)
NOT_DOUBTED = NotChecked(reason="no handshake passed for nothing in this run, or others did")
NO_OTHER_WAY = NotChecked(reason="its source and next hop are in no doubt, or no other is known")
NOT_SOLICITED = NotChecked(reason="something was heard by its next hop, or nothing was sent to it")
NOT_EXPLAINED = NotChecked(reason="it left this host as asked, or other flows were explained")
NO_FIX = NotChecked(reason="no one command takes away what blocks it, or others were tried")
NO_NAME_SERVER = NotChecked(reason="it is no name server")
NOT_COUNTED = NotChecked(reason="nothing hinted at a loss, or other checks were counted")
NOT_VARIED = NotChecked(reason="no other form of the question was tried")
NOT_RUN = NotChecked(reason="the check passed, or the kernel has no way out for it")
NOT_WALKED = NotChecked(
    reason="the run was interrupted, or more flows failed than routers answer walks for"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What the search brought back; by check unless it says by flow.

    attempts    of every check
    ladders     by flow
    contrasts   of the suspects
    confirmations  of silent flows that were walked
    traces      of the suspects
    drops       that were counted while the suspects were sent again
    kernel_drops  of the suspects, meanwhile
    overrides   of checks whose address is from a hosts file
    streams     of checks whose connection failed after its handshake
    handshakes  of checks that a handshake alone speaks for
    name_servers  by check
    named_by    by check of what was asked by name
    variations  of checks that were asked in other forms
    trains      of checks that were asked many times
    alternatives  of the checks whose source or next hop is in doubt
    link_answers  of the checks whose next hop was asked for its link-layer address
    explained  of the checks that did not leave, or left with another address
    program_verdicts  of the checks that failed
    resolutions  of the checks whose next hop is not resolved
    """

    attempts: Mapping[str, tuple[Outcome, ...]]
    ladders: Mapping[Flow, Ladder]
    contrasts: Mapping[str, Outcome | NotChecked]
    confirmations: Mapping[str, Outcome | NotChecked]
    traces: Mapping[str, TraceResult]
    drops: tuple[DropCount, ...]
    kernel_drops: Mapping[str, KernelDrops | NotChecked]
    overrides: Mapping[str, Override]
    name_servers: Mapping[str, NameServer | NotChecked]
    named_by: Mapping[str, tuple[str, ...]]
    routes: Mapping[str, RouteAnswer]
    neighbours: Mapping[str, Neighbour | NotChecked]
    links: Mapping[str, Link | NotChecked]
    surroundings: Surroundings
    streams: Mapping[str, StreamEvidence]
    handshakes: Mapping[str, HandshakeEvidence]
    variations: Mapping[str, tuple[Variation, ...]]
    trains: Mapping[str, tuple[Train, ...]]
    alternatives: Mapping[str, tuple[Alternative, ...]]
    link_answers: Mapping[str, tuple[str, ...] | NotChecked]
    explained: Mapping[str, Explained | NotChecked]
    program_verdicts: Mapping[str, tuple[ProgramVerdict, ...] | NotChecked]
    resolutions: Mapping[str, Explained | NotChecked]


def join(check: Checked, search: Search, located: Located) -> FlowEvidence:
    """The evidence of one outbound check."""
    name = check.target.check
    flow = lead(check).probe.flow
    walked = search.walked.get(name, ())
    return FlowEvidence(
        target=check.target,
        flow=flow,
        attempts=check.attempts,
        contrast=located.contrasts.get(name, NOT_SUSPECT if walked else NOT_NEEDED),
        confirmation=located.confirmations.get(name, _unconfirmed(name, walked, located)),
        ladder=_ladder(name, flow, walked, located),
        controls=_controls(search.controls.get(name, ()), located),
        kin=_kin(name, walked, search, located),
        route=located.routes.get(name, NotChecked(reason="the route was not asked for")),
        neighbour=located.neighbours.get(name, NotChecked(reason="no next hop is known")),
        link=located.links.get(name, NotChecked(reason="no interface is known")),
        trace=located.traces.get(name, NOT_SUSPECT if walked else NOT_NEEDED),
        drops=located.drops if name in located.traces else (),
        override=located.overrides.get(name),
        surroundings=located.surroundings,
        stream=located.streams.get(name, NOT_CONVERSED),
        handshake=located.handshakes.get(name, NOT_DOUBTED),
        name_server=located.name_servers.get(name, NO_NAME_SERVER),
        named_by=located.named_by.get(name, ()),
        variations=located.variations.get(name, NOT_VARIED),
        trains=_trains(check, located),
        certificate=check.certificate,
        alternatives=located.alternatives.get(name, NO_OTHER_WAY),
        link_answers=located.link_answers.get(name, NOT_SOLICITED),
        explained=located.explained.get(name, NOT_EXPLAINED),
        program_verdicts=located.program_verdicts.get(name, NOT_RUN),
        tried_fix=NO_FIX,
        kernel_drops=located.kernel_drops.get(name, NOT_SUSPECT if walked else NOT_NEEDED),
        resolution=located.resolutions.get(name, NOT_RESOLVED),
    )


def _trains(check: Checked, located: Located) -> tuple[Train, ...] | NotChecked:
    own = located.trains.get(check.target.check, ())
    if is_ok(check):
        return own or NOT_COUNTED
    others = (
        train
        for name, trains in located.trains.items()
        for train in trains
        if name != check.target.check
    )
    return (*own, *others) or NOT_COUNTED


def _unconfirmed(name: str, walked: tuple[str, ...], located: Located) -> NotChecked:
    if name in located.contrasts:
        return NOT_LOST
    return NOT_CONFIRMED if walked else NOT_NEEDED


def _ladder(
    name: str, flow: Flow, walked: tuple[str, ...], located: Located
) -> Ladder | NotChecked:
    if name in located.contrasts:
        return NOT_LOST
    if not walked:
        return NOT_NEEDED
    return located.ladders.get(flow, NOT_WALKED)


def _controls(choices: Iterable[Choice], located: Located) -> tuple[Control, ...]:
    controls: list[Control] = []
    for choice in choices:
        ladder = located.ladders.get(choice.walk.flow)
        if ladder is None:
            continue
        controls.append(
            Control(
                relation=choice.relation,
                check=choice.check,
                is_answered=choice.relation is not Relation.ECHO or _reaches(ladder),
                ladder=ladder,
            )
        )
    return tuple(controls)


def _reaches(ladder: Ladder) -> bool:
    host = ladder.flow.destination
    hop = first_in_name_of(ladder, host)
    return hop is not None and hop.reply is not None and speaks_for(hop.reply, host)


def _kin(
    name: str, walked: tuple[str, ...], search: Search, located: Located
) -> tuple[Kin, ...]:
    own = [walk for walk in search.walks if walk.purpose is Purpose.LADDER]
    flows = {walk.check: walk.flow for walk in own}
    kin = tuple(
        Kin(
            check=check,
            attempts=_with_confirmation(check, located),
            ladder=located.ladders[flows[check]],
        )
        for check in walked
        if check != name and check in flows and flows[check] in located.ladders
    )
    return () if _are_stopped_apart(kin) else kin


def _are_stopped_apart(kin: Sequence[Kin]) -> bool:
    """True if ports of one host are lost behind different hops: none tells of yet another port."""
    hosts = {each.ladder.flow.destination for each in kin}
    last = [last_expiry(each.ladder) for each in kin]
    return len(hosts) == 1 and len({None if hop is None else hop.distance for hop in last}) > 1


def _with_confirmation(check: str, located: Located) -> tuple[Outcome, ...]:
    confirmation = located.confirmations.get(check, NOT_CONFIRMED)
    more = () if isinstance(confirmation, NotChecked) else (confirmation,)
    return located.attempts[check] + more


def heard_echoes(ladders: Iterable[tuple[Outcome, ...]]) -> tuple[Outcome, ...]:
    """The outcomes of all rungs that a destination answered itself."""
    return tuple(outcome for rungs in ladders for outcome in rungs if is_heard(outcome))


def left_out(target: Target, because: NotChecked) -> OmittedEvidence:
    """A row of the matrix that was not asked, and why."""
    return OmittedEvidence(
        omitted=Omitted(
            check=target.check,
            endpoint=target.endpoint,
            purpose=target.purpose,
            direction=target.direction,
            is_required=target.is_required,
            because=because,
        )
    )
