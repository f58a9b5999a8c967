"""What the rules of this host do with the question for next hops that tell nobody their MAC."""

from collections.abc import Mapping, Sequence

from edgediag.checked import Checked, host_of, is_ok, lead
from edgediag.inference.reading import is_unresolved
from edgediag.instruments import Bench
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Explained
from edgediag.model.flow import Address
from edgediag.model.host import Neighbour
from edgediag.model.route import Route, RouteAnswer
from edgediag.stages.alternative import next_hop_address


def resolutions_of(
    bench: Bench,
    checks: Sequence[Checked],
    routes: Mapping[str, RouteAnswer],
    neighbours: Mapping[str, Neighbour | NotChecked],
) -> dict[str, Explained | NotChecked]:
    """By failed check, what the rules do with the question for its next hop and with the answer.

    Each next hop is asked about once for each source.
    """
    told: dict[tuple[str, Address, Address], Explained | NotChecked] = {}
    found: dict[str, Explained | NotChecked] = {}
    for check in checks:
        name = check.target.check
        route, flow = routes[name], lead(check).probe.flow
        if is_ok(check) or not isinstance(route, Route):
            continue
        if not is_unresolved(neighbours.get(name, NotChecked(reason="no next hop is known"))):
            continue
        key = (*next_hop_address(route, host_of(check)), flow.source)
        if key not in told:
            told[key] = bench.host.explain_resolution(flow, route)
        found[name] = told[key]
    return found
