"""What the second stage is to ask, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgediag.checked import Checked
from edgediag.model.evidence import Relation
from edgediag.model.flow import Flow
from edgediag.path import Walk
from edgediag.stages.conversation import Conversation
from edgediag.stages.handshake import Handshake


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A control chosen for a check; `check` is "" for an echo to the same host.

    is_needed  it is worth waiting for; others are walked only while there is room at once
    """

    relation: Relation
    check: str
    walk: Walk
    is_needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A silent flow to be asked once more, alone, and when after the start of the stage."""

    check: Checked
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A walk that leaves out what others before it have shown.

    leaders  of a path that is asked for: flows into the same network, to hosts that answered from
             as far; of a control: the flow that it stands beside
    """

    walk: Walk
    leaders: tuple[Flow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The walks that tell who denied a name: of the query, and of an echo to the resolver."""

    check: str
    walk: Walk
    echo: Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to ask next.

    suspects  checks whose block is looked for on this host
    masked    of the silent flows those by a device whose program acts before any tap sees an answer
    confirmations  silent flows that are walked, or whose neighbours were refused, once more when
                   all else is quiet
    walks     in the order of their start; no flow twice
    followers  walks when these have shown what they can, the controls first
    walked    by check: the checks whose walks serve it; it is walked itself if it is among them
    controls  by check, in the order of their worth
    conversations  with connections that failed after their handshake
    handshakes  that no service proved
    denial    of a name that a resolver that works denied
    is_lossy  some flow was answered only when it was asked again, so that silence may be loss
    """

    suspects: tuple[Checked, ...]
    confirmations: tuple[Confirmation, ...]
    walks: tuple[Walk, ...]
    walked: Mapping[str, tuple[str, ...]]
    controls: Mapping[str, tuple[Choice, ...]]
    conversations: tuple[Conversation, ...]
    handshakes: tuple[Handshake, ...]
    denial: Denial | None
    masked: tuple[Checked, ...] = ()
    followers: tuple[Follower, ...] = ()
    is_lossy: bool = False
