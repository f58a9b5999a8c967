"""A question that was answered, asked again with one thing changed."""

from dataclasses import dataclass
from enum import Enum

from edgediag.model.answer import NotChecked
from edgediag.model.drops import TraceResult
from edgediag.model.flow import Flow
from edgediag.model.outcome import Outcome
from edgediag.model.path import Ladder


class Change(Enum):
    """What differs from the question that was answered.

    SOURCE_PORT  it comes from the tunnel's own port
    LEG          it comes from another port, so that it may take another of several equal paths
    SHAPE        it looks like ESP and not like IKE
    EXCHANGE     it looks like IKE_AUTH and not like IKE_SA_INIT
    SIZE         it is as long as the device allows, and says "do not fragment"
    FRAGMENTS    it comes in pieces
    """

    SOURCE_PORT = "source-port"
    LEG = "leg"
    SHAPE = "shape"
    EXCHANGE = "exchange"
    SIZE = "size"
    FRAGMENTS = "fragments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One change and what came of it.

    octets    of the IP packet, 0 where the size is the usual one
    attempts  in the order asked; of a shape, which no host answers, what the last router says
              unless it was lost; of an exchange none
    ladder    hop-limited probes of the changed form
    control   of the unchanged form, at the same time
    trace     of a form that this host refused to send
    tracked   what leaves by the connection that this host tracks, of one that left as another
    """

    change: Change
    octets: int
    attempts: tuple[Outcome, ...]
    ladder: Ladder | NotChecked
    control: Ladder | NotChecked
    trace: TraceResult
    tracked: Flow | NotChecked
