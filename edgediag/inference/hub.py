"""What is known of this node's hub: who listens where the kubelet asks it, and what it says."""

from edgediag.compat import assert_never
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import HostSource, Target
from edgediag.model.flow import Address, Protocol
from edgediag.model.host import HostState
from edgediag.model.hub import HubClosed, HubDoor, HubSaid, HubSilent, HubWord

_KUBELET = 10250
_OK = 200
_NOT_FOUND = 404
_ERRORS = range(500, 600)


def hub_listens(host: HostState) -> bool:
    """True where a socket takes what is sent to a place where the kubelet asks its hub."""
    ends = () if isinstance(host.hub_ends, NotChecked) else host.hub_ends
    return any(listens(host, end.address, end.port) for end in ends)


def listens(host: HostState, address: Address, port: int) -> bool:
    """True where a socket of TCP takes what is sent to an address of this node."""
    return not isinstance(host.listeners, NotChecked) and any(
        (item.protocol, item.port) == (Protocol.TCP, port)
        and (item.address == address or item.address.is_unspecified)
        for item in host.listeners
    )


def is_kubelet_up(host: HostState) -> bool:
    """True where somebody serves the kubelet's port, on whatever address."""
    return not isinstance(host.listeners, NotChecked) and any(
        (item.protocol, item.port) == (Protocol.TCP, _KUBELET) for item in host.listeners
    )


def hub_name(host: HostState) -> str:
    """The program that is this node's hub, "" where none is known."""
    ends = () if isinstance(host.hub_ends, NotChecked) else host.hub_ends
    return ends[0].hub if ends else ""


def complaint(host: HostState) -> HubSaid | None:
    """The first answer by which the hub itself says that it cannot serve (RFC 9110 §15.6)."""
    words = () if isinstance(host.hub_words, NotChecked) else host.hub_words
    said = (word for word in words if isinstance(word, HubSaid) and word.status in _ERRORS)
    return next(said, None)


def hub_text(target: Target, host: HostState) -> str:
    """What the hub said when it was asked how it fares; "" where it was not, and for other rows.

    It stands beside the API server, to which the node's agents come through the hub.
    """
    if target.endpoint != HostSource.API_SERVER.value:
        return ""
    if isinstance(host.hub_words, NotChecked) or not host.hub_words:
        return ""
    strange = [word for word in host.hub_words if not _is_well(word)]
    if len(strange) < len(host.hub_words) and all(map(_is_unknown, strange)):
        place = host.hub_words[0].door
        return f"{hub_name(host)} at {place.address} port {place.port} says that it is well"
    said = "; ".join(dict.fromkeys(map(_text, strange)))
    return f"{hub_name(host)} of this node: {said}"


def place_of(door: HubDoor) -> str:
    """Where it is asked, as a URL has it."""
    return f"{door.address}:{door.port}{door.path}"


def _is_well(word: HubWord) -> bool:
    return isinstance(word, HubSaid) and word.status == _OK


def _is_unknown(word: HubWord) -> bool:
    """True where the hub does not know the question, as older ones do not."""
    return isinstance(word, HubSaid) and word.status == _NOT_FOUND


def _text(word: HubWord) -> str:
    match word:
        case HubSaid(status=status, text=text):
            shown = f' and "{text}"' if text else ""
            return f"{place_of(word.door)} answers with status {status}{shown}"
        case HubClosed(is_refused=True):
            return f"nothing listens at {word.door.address} port {word.door.port}"
        case HubClosed():
            return f"{place_of(word.door)} is closed without an answer"
        case HubSilent(waited_s=waited_s):
            return f"{place_of(word.door)} does not answer within {waited_s:g} s"
        case _:
            assert_never(word)
