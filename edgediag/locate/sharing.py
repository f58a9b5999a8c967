"""Whose walk serves whom: where many flows fail alike, a few are walked for all."""

from collections.abc import Sequence

from edgediag.checked import Checked, host_of, is_answering, name_of
from edgediag.locate.near import network_of
from edgediag.locate.pacing import MAX_OWN_WALKS
from edgediag.meaning import decisive, is_refused
from edgediag.model.flow import Address, Protocol
from edgediag.model.outcome import Answered, Unanswered
from edgediag.stages.conversation import fails_behind_handshake

# Where everything is dark, a few walks tell as much as all of them.
WALKS_IN_THE_DARK = 3


def refused_beside(lost: Sequence[Checked]) -> dict[str, str]:
    """By silent check, the one to the same host that was refused with an ICMP error.

    Who refuses so limits the errors, so a flow that drew none may have been refused as well. It is
    not walked, which would spend more errors, but asked again when there is one.
    """
    refused = {
        (host_of(check), check.target.protocol): name_of(check)
        for check in reversed(lost)
        if is_refused(decisive(check.attempts))
    }
    return {
        name_of(check): refused[host_of(check), check.target.protocol]
        for check in lost
        if isinstance(decisive(check.attempts), Unanswered)
        and (host_of(check), check.target.protocol) in refused
    }


def share(checks: Sequence[Checked], lost: Sequence[Checked]) -> dict[str, tuple[str, ...]]:
    """By lost check, the checks whose walks serve it.

    Where a network, or everything, is dark, a few walks stand for all flows into it. Elsewhere
    every flow is walked itself while routers can answer so many, those to several hosts first:
    what stops one port of a host need not be what stops another. Flows beyond that are served by
    the walks to other ports of their host that have the same symptom.
    """
    answering = {host_of(check) for check in checks if is_answering(check)}
    dark: dict[int, list[Checked]] = {}
    for check in lost:
        network = network_of(host_of(check))
        if not any(network_of(host) == network for host in answering):
            dark.setdefault(network if answering else 0, []).append(check)
    shared: dict[str, tuple[str, ...]] = {}
    for group in dark.values():
        if len(group) > WALKS_IN_THE_DARK:
            shared.update(_stand_for(group))
    rest = [check for check in lost if name_of(check) not in shared]
    in_the_dark = {name for few in shared.values() for name in few}
    walked = _walked(rest, MAX_OWN_WALKS - len(in_the_dark))
    return shared | {
        name_of(check): (
            (name_of(check),)
            if check in walked
            else tuple(name_of(one) for one in walked if _symptom(one) == _symptom(check))
        )
        for check in rest
    }


def _walked(rest: Sequence[Checked], most: int) -> tuple[Checked, ...]:
    """Those that are walked themselves: one of each kind, and of the others as many as may be."""
    first_of: dict[tuple[Address, Protocol, str], Checked] = {}
    for check in rest:
        first_of.setdefault(_symptom(check), check)
    leaders = tuple(first_of.values())
    # Where handshakes pass, the walks of all ports of a host show the same.
    others = (check for check in rest if not fails_behind_handshake(check))
    further = [check for check in others if check not in leaders]
    return (*leaders, *further[: max(0, most - len(leaders))])


def _stand_for(group: Sequence[Checked]) -> dict[str, tuple[str, ...]]:
    # Those that drew an error know more than those that drew nothing; then one for each host.
    ranked = sorted(group, key=lambda check: not isinstance(decisive(check.attempts), Answered))
    first_of_host: dict[Address, str] = {}
    for check in ranked:
        first_of_host.setdefault(host_of(check), name_of(check))
    few = tuple(first_of_host.values())[:WALKS_IN_THE_DARK]
    return {name_of(check): few for check in group}


def _symptom(check: Checked) -> tuple[Address, Protocol, str]:
    outcome = decisive(check.attempts)
    what = outcome.reply if isinstance(outcome, Answered) else outcome
    return host_of(check), check.target.protocol, type(what).__name__
