"""The path of one flow, hop by hop."""

from dataclasses import dataclass

from edgediag.model.flow import Address, Flow
from edgediag.model.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What one hop limit drew.

    distance  the hop limit sent, from 1
    sender    who answered, None for silence; where nobody was asked, who answers all other flows
    reply     None for silence
    rtt_s     None for silence
    tries     how many probes were sent with this hop limit; 0 where other flows had shown it
    packets   capture numbers of the probes and of the answer
    """

    distance: int
    sender: Address | None
    reply: Reply | None
    rtt_s: float | None
    tries: int
    packets: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Hop-limited probes on one 5-tuple; hops by ascending distance, from 1, none left out."""

    flow: Flow
    hops: tuple[Hop, ...]
