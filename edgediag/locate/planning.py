"""The plan of the second stage: suspects, walks, controls and what is asked once more."""

from collections.abc import Iterable, Sequence

from edgediag.checked import Checked, is_doubtful, is_ok, is_suspect, name_of
from edgediag.conversation import plan_conversations
from edgediag.handshake import plan_handshakes
from edgediag.locate.controls import controls_of, denial_of, hops_of, walk_of
from edgediag.locate.pacing import WALKS_AT_ONCE, confirmations, staggered, starts_s
from edgediag.locate.planned import Choice, Search
from edgediag.locate.sharing import refused_beside, share
from edgediag.model.endpoint import HostSource
from edgediag.model.outcome import Outcome
from edgediag.model.probe import Purpose
from edgediag.path import Walk
from edgediag.plan import Supply

# Of these, some are kept for the controls, without which a walk says nothing.
MAX_OWN_WALKS = 8


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
    wanted = [check for check in checks if _is_walk_wanted(check)] if is_traced else failing
    lost = [check for check in wanted if not is_suspect(check)]
    # What must be explained itself is no measure for others.
    working = [check for check in checks if is_ok(check) and not is_doubtful(check)]
    limited = refused_beside(lost)
    walked = share(checks, [check for check in lost if name_of(check) not in limited])
    walked |= {name: walked[beside] for name, beside in limited.items()}
    own = [check for check in lost if name_of(check) in walked[name_of(check)]][:MAX_OWN_WALKS]
    controls = {name_of(check): controls_of(check, working, supply) for check in own}
    denial = None if denied is None else denial_of(checks, denied, supply)
    walks = [walk_of(check, Purpose.LADDER, hops_of(check, working)) for check in own]
    walks = _with_controls(walks, [choice for group in controls.values() for choice in group])
    begun = staggered([*walks, *(() if denial is None else (denial.walk, denial.echo))])
    later_s = starts_s(len(begun))
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
        conversations=plan_conversations(lost, later_s, supply),
        handshakes=plan_handshakes([*lost, *working], later_s[0], supply),
        denial=denial,
    )


def _is_walk_wanted(check: Checked) -> bool:
    # Name servers are asked on the way to a name; they are walked where they fail.
    return not is_ok(check) or check.target.endpoint != HostSource.RESOLVER.value


def _with_controls(own: list[Walk], choices: Sequence[Choice]) -> list[Walk]:
    walks = own + _unique(choice.walk for choice in choices if choice.is_needed)
    spare = _unique(choice.walk for choice in choices if not choice.is_needed)
    return walks + spare[: max(0, WALKS_AT_ONCE - len(walks))]


def _unique(walks: Iterable[Walk]) -> list[Walk]:
    return list({walk.flow: walk for walk in walks}.values())
