"""For which checks the rules of ARP are followed, and how often."""

from edgediag.checked import Checked
from edgediag.model.answer import NotChecked
from edgediag.model.explained import Disposition, Explained
from edgediag.model.host import NeighbourState
from edgediag.model.outcome import Outcome
from edgediag.model.route import RouteRefused
from edgediag.stages.arp_rules import resolutions_of
from rig import RigHost, RigWire, rig
from story import answered, flow, ike_reply, neighbour, probe, route, target, unanswered

PASSES = Explained(
    disposition=Disposition.PASSES, deciders=(), translations=(), marks=(), hangs_on=()
)
FAILED = neighbour(NeighbourState.FAILED)


def check(name: str, outcome: Outcome) -> Checked:
    return Checked(target=target(name), attempts=(outcome,), nobody=())


def stuck(name: str, port: int = 4500) -> Checked:
    return check(name, unanswered(probe(on=flow(port=port), check=name), has_left=False))


def test_one_next_hop_is_followed_once_for_all_that_wait_for_it() -> None:
    host = RigHost(rules=PASSES)
    checks = (stuck("a"), stuck("b", 10280))
    routes = {"a": route(), "b": route()}
    found = resolutions_of(rig(RigWire(), host), checks, routes, {"a": FAILED, "b": FAILED})
    first = checks[0].attempts[0].probe.flow
    assert (found, host.resolved) == ({"a": PASSES, "b": PASSES}, [first])


def test_nothing_is_followed_where_no_next_hop_is_in_question() -> None:
    host = RigHost(rules=PASSES)
    checks = (
        check("served", answered(probe(), ike_reply())),
        stuck("resolved"),
        stuck("no entry"),
        stuck("no way"),
    )
    refused = RouteRefused(errno_name="ENETUNREACH", culprit=None)
    routes = {"served": route(), "resolved": route(), "no entry": route(), "no way": refused}
    entries = {
        "served": FAILED,
        "resolved": neighbour(),
        "no entry": NotChecked(reason="no neighbour entry"),
        "no way": FAILED,
    }
    assert resolutions_of(rig(RigWire(), host), checks, routes, entries) == {}
    assert host.resolved == []
