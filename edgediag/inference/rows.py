"""Verdicts on the checks that are no flow: listeners, tools and rows that could not be checked."""

from collections import Counter
from dataclasses import replace

from edgediag.endpoints import flannel_vxlan
from edgediag.inference.arrivals import ARRIVAL_RULE, dropped_on_arrival, note_on_arrival
from edgediag.inference.blocked_here import Said, blocked_here
from edgediag.inference.combine import combine
from edgediag.inference.overlay_device import unheard_overlay
from edgediag.inference.pod_echoes import is_all_answered, pod_note
from edgediag.inference.remedy import with_tried
from edgediag.inference.states import find_faults, overlay_nodes
from edgediag.inference.unjudged import status_of, unjudged
from edgediag.inference.wording import named
from edgediag.model.answer import NotChecked
from edgediag.model.culprit import ListenerObject, ToolObject
from edgediag.model.endpoint import Target
from edgediag.model.evidence import ListenerEvidence, OmittedEvidence, ToolsEvidence
from edgediag.model.flow import Protocol
from edgediag.model.host import HostState
from edgediag.model.listener import Listener
from edgediag.model.rehearsal import TriedFix
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Mechanism, Status, Strength
from edgediag.stages.arrival import is_open
from edgediag.stages.visits import VISITS

LISTENER_RULE = "listener"
CLOSING_RULE = "listener-closes"
TOOLS_RULE = "system-tools"

_OPTIONAL_NOTE = "nothing listens; this port is optional"


def judge_listener(evidence: ListenerEvidence, host: HostState) -> CheckReport:
    """Whether this node takes what arrives on a port.

    Holds because   a port without a socket refuses everybody, whatever the network does; a socket
                    bound to the loopback address refuses everybody else. Where a VXLAN device
                    should hold the port, it says itself why it does not; where it does, what it
                    lacks for its peers blocks them all the same. Who takes this node's own silent
                    connections and ends each at once serves nobody: HTTP and TLS let the client
                    speak first
    Does not hold   as a pass: a listener alone does not prove that packets come as far; only what
                    another node answered to the port of an overlay does. One connection that
                    stands says that the service takes them
    Asks for        the table of sockets; for a VXLAN port the devices; what the rules of this host
                    do with a packet from its network; connections to this node's own address
    """
    target, listeners = evidence.target, evidence.listeners
    if isinstance(listeners, NotChecked):
        return unjudged(target, Status.NOT_CHECKED, listeners.reason)
    if is_open(listeners):
        return _heard(evidence, host)
    if not target.is_required and not listeners:
        return unjudged(target, Status.NOT_CHECKED, _OPTIONAL_NOTE)
    overlay = None
    if target.endpoint == flannel_vxlan.ENDPOINTS[0].id and not listeners:
        overlay = unheard_overlay(target.port, host)
    return blocked_here(target, LISTENER_RULE, overlay or _unheard(target, listeners))


def judge_tools(evidence: ToolsEvidence) -> CheckReport:
    """Whether the programs that the installation needs are there.

    Holds because   none of the programs of a group is found on the search path
    Does not hold   a group of alternatives lacks nothing once one of them is there
    Asks for        the search path
    """
    present = set(evidence.present)
    missing = tuple("|".join(group) for group in evidence.groups if not present & set(group))
    if not missing:
        return unjudged(evidence.target, Status.OK, f"{len(evidence.groups)} tools present")
    text = f"missing: {', '.join(missing)}"
    said = (
        text,
        "install them from the node's own package sources",
        (Mechanism.TOOL_MISSING, ToolObject(names=missing)),
    )
    return blocked_here(evidence.target, TOOLS_RULE, said, Status.DEGRADED)


def judge_omitted(evidence: OmittedEvidence) -> CheckReport:
    """A row that could not be checked, with the reason."""
    omitted = evidence.omitted
    return CheckReport(
        id=omitted.check,
        endpoint=omitted.endpoint,
        purpose=omitted.purpose,
        direction=omitted.direction,
        is_required=omitted.is_required,
        protocol=Protocol.TCP,
        host="",
        port=0,
        flow=None,
        status=Status.NOT_CHECKED,
        latency_s=None,
        note=omitted.because.reason,
        verdict=None,
        findings=(),
    )


def _heard(evidence: ListenerEvidence, host: HostState) -> CheckReport:
    target = evidence.target
    dropped = dropped_on_arrival(evidence)
    if dropped is not None:
        return _tried(blocked_here(target, ARRIVAL_RULE, dropped), evidence.tried_fix)
    if target.is_required and isinstance(evidence.closed, tuple) and _closes(evidence.closed):
        return blocked_here(target, CLOSING_RULE, _closing(target))
    findings = find_faults(target, None, host, Strength.PROVES)
    verdict = combine(named(target, None), findings)
    if verdict is None:
        return _unblamed(evidence, host)
    status = status_of(verdict, is_served=False)
    return replace(unjudged(target, status, ""), verdict=verdict, findings=findings)


def _unblamed(evidence: ListenerEvidence, host: HostState) -> CheckReport:
    """A row with a listener that nothing is said against."""
    asked, answered = overlay_nodes(evidence.target, host)
    silent = tuple((Counter(asked) - Counter(answered)).elements())
    note = note_on_arrival(evidence)
    if answered:
        note = f"{', '.join(map(str, answered))} answered through the overlay, to this port"
    if silent:
        note += f"; {', '.join(map(str, silent))} did not answer, which blames nobody"
    # What Raven's overlay carries is chosen by its mark, which no question of ours has.
    is_flannel = evidence.target.endpoint == flannel_vxlan.ENDPOINTS[0].id
    if is_flannel and pod_note(host):
        note = "; ".join((*([note] if answered else []), pod_note(host)))
    is_asked = bool(answered) or is_all_answered(host)
    is_served = is_flannel and is_asked and not silent
    return unjudged(evidence.target, Status.OK if is_served else Status.NOT_CHECKED, note)


def _closes(closed: tuple[bool, ...]) -> bool:
    return len(closed) >= VISITS and all(closed)


def _closing(target: Target) -> Said:
    name = f"the service of {target.protocol.value} port {target.port}"
    text = (
        f"{name} accepts this node's own connections and closes them before a word, "
        f"{VISITS} of {VISITS}"
    )
    remedy = f"read the log of {name} on this node, and restart it"
    return text, remedy, (Mechanism.SERVICE_REFUSES, None)


def _tried(report: CheckReport, tried: TriedFix | NotChecked) -> CheckReport:
    if report.verdict is None:
        return report
    return replace(report, verdict=with_tried(report.verdict, tried))


def _unheard(target: Target, listeners: tuple[Listener, ...]) -> Said:
    port, protocol = target.port, target.protocol.value
    if not listeners:
        culprit = ListenerObject(protocol=protocol, port=port, address="")
        text = f"nothing on this node listens on {protocol} port {port}"
        remedy = f"start the service of {protocol} port {port}"
        return text, remedy, (Mechanism.NOT_LISTENING, culprit)
    address = str(listeners[0].address)
    culprit = ListenerObject(protocol=protocol, port=port, address=address)
    text = f"{protocol} port {port} is bound to {address} only: nobody else reaches it"
    remedy = f"bind the service of {protocol} port {port} to the node's address"
    return text, remedy, (Mechanism.LISTENING_ELSEWHERE, culprit)
