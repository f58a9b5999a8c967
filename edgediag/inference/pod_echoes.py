"""What the echoes that left a pod of this node amount to."""

from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState
from edgediag.model.pod_echo import PodEcho


def echoes_of(host: HostState) -> tuple[PodEcho, ...]:
    """All that were sent; none where nobody was asked."""
    return () if isinstance(host.pod_echoes, NotChecked) else host.pod_echoes


def lengths_of(host: HostState) -> tuple[tuple[PodEcho, PodEcho], ...]:
    """The short and the long ones to each destination, in the order asked."""
    by_end: dict[object, list[PodEcho]] = {}
    for echo in echoes_of(host):
        by_end.setdefault(echo.destination, []).append(echo)
    return tuple((found[0], found[-1]) for found in by_end.values() if found)


def is_all_answered(host: HostState) -> bool:
    """True if every node that a pod asked answered it, at every length."""
    found = echoes_of(host)
    return bool(found) and all(echo.answered for echo in found)


def pod_note(host: HostState) -> str:
    """Who answered a pod, in half a sentence; "" where nobody did."""
    answered = dict.fromkeys(echo.destination for echo in echoes_of(host) if echo.answered)
    if not answered:
        return ""
    pod = echoes_of(host)[0].pod
    return f"{', '.join(map(str, answered))} answered the pod {pod} through the overlay"
