"""The plan of the second stage: suspects, walks, controls and what is asked once more."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edgediag.checked import (
    Checked,
    is_answered_late,
    is_doubtful,
    is_ok,
    is_suspect,
    name_of,
)
from edgediag.locate.controls import controls_of, denial_of, hops_of, walk_of
from edgediag.locate.learnt import echoes_beside, followers, is_by_host
from edgediag.locate.pacing import (
    MAX_OWN_WALKS,
    MAX_WALKS,
    WALKS_AT_ONCE,
    confirmations,
    staggered,
    starts_s,
)
from edgediag.locate.planned import Choice, Follower, Search
from edgediag.locate.sharing import refused_beside, share
from edgediag.model.endpoint import HostSource
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.path import Walk
from edgediag.plan import Supply
from edgediag.stages.conversation import Conversation, plan_conversations
from edgediag.stages.handshake import plan_handshakes

# Whoever asks for the paths of so many waits a second for each beyond the first six.
MAX_TRACED = 30


def plan_search(
    checks: Sequence[Checked],
    supply: Supply,
    denied: Outcome | None = None,
    *,
    is_traced: bool = False,
) -> Search:
    """What to ask about the checks that failed, and about a name that was denied.

    is_traced  what passes is walked as well
    """
    failing = [check for check in checks if not is_ok(check) or is_doubtful(check)]
    lost = [check for check in failing if not is_suspect(check)]
    # What must be explained itself is no measure for others.
    working = [check for check in checks if is_ok(check) and not is_doubtful(check)]
    traced = [check for check in working if is_traced and _is_walk_wanted(check)][:MAX_TRACED]
    limited = refused_beside(lost)
    walked = share(checks, [check for check in lost if name_of(check) not in limited])
    walked |= {name: walked[beside] for name, beside in limited.items()}
    own = [check for check in lost if name_of(check) in walked[name_of(check)]][:MAX_OWN_WALKS]
    controls = {name_of(check): controls_of(check, working, supply) for check in own}
    controls |= {name_of(check): _spare_controls(check, working, supply) for check in traced}
    walked |= {name_of(check): (name_of(check),) for check in traced}
    denial = None if denied is None else denial_of(checks, denied, supply)
    paths, more = (
        [walk_of(check, Purpose.LADDER, hops_of(check, working)) for check in some]
        for some in (own, traced)
    )
    answered = [check for check in own if is_by_host(check, working)]
    beside = echoes_beside(answered, controls)
    choices = _at_once(controls.values(), beside)
    walks = _with_controls(paths, more, choices)
    needed = (choice.walk.flow for choice in choices if choice.is_needed)
    behind = followers(walks, working, frozenset((*(walk.flow for walk in paths), *needed)))
    following = {follower.walk for follower in behind}
    walks = [walk for walk in walks if walk not in following]
    walks += () if denial is None else (denial.walk, denial.echo)
    begun = staggered(walks[: MAX_WALKS + len(traced)])
    later_s = starts_s(len(begun))
    conversations = plan_conversations(lost, later_s, supply)
    return Search(
        suspects=tuple(check for check in failing if is_suspect(check)),
        confirmations=confirmations(
            own, [check for check in lost if name_of(check) in limited], begun
        ),
        walks=begun,
        walked=walked,
        controls={
            name: controls.get(name, ())
            or tuple(choice for leader in leaders for choice in controls.get(leader, ()))
            for name, leaders in walked.items()
        },
        conversations=conversations,
        handshakes=plan_handshakes(
            [*lost, *working], later_s[0], supply, last_walk_s=_last_s(conversations, later_s)
        ),
        denial=denial,
        is_lossy=any(map(is_answered_late, checks)),
        followers=(*beside, *behind),
    )


def _last_s(conversations: Sequence[Conversation], starts: Sequence[float]) -> float:
    """When the last of the walks of octets begins, which some of many failures have."""
    walked = sum(bool(one.octets) for one in conversations)
    return max(starts[:walked], default=0.0)


def _is_walk_wanted(check: Checked) -> bool:
    # Name servers are asked on the way to a name; they are walked where they fail.
    return check.target.endpoint != HostSource.RESOLVER.value


def _spare_controls(
    check: Checked, working: Sequence[Checked], supply: Supply
) -> tuple[Choice, ...]:
    # Where nothing is lost no control is worth a second.
    return tuple(
        replace(choice, is_needed=False) for choice in controls_of(check, working, supply)
    )


def _at_once(
    controls: Iterable[Sequence[Choice]], beside: Sequence[Follower]
) -> list[Choice]:
    """The controls that are not walked behind their flows."""
    later = {follower.walk.flow for follower in beside}
    return [choice for group in controls for choice in group if choice.walk.flow not in later]


def _with_controls(
    own: Sequence[Walk], traced: Sequence[Walk], choices: Sequence[Choice]
) -> list[Walk]:
    # What is a path of its own and a control takes the control's place, and counts as a path.
    needed = (choice.walk for choice in choices if choice.is_needed)
    walks = _unique((*own, *needed, *traced))
    known = {walk.flow for walk in walks}
    spare = _unique(choice.walk for choice in choices if choice.walk.flow not in known)
    return walks + spare[: max(0, WALKS_AT_ONCE - len(walks))]


def _unique(walks: Iterable[Walk]) -> list[Walk]:
    return list({walk.flow: walk for walk in walks}.values())
