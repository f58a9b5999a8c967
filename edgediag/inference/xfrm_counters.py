"""What the error counters of IPsec mean that a tunnel's packets raise, by the kernel's own list.

source  Documentation/networking/xfrm_proc.rst; net/xfrm/xfrm_input.c, xfrm_policy.c
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.inference.claim import ANYWHERE
from edgediag.model.answer import NotChecked
from edgediag.model.host import HostState
from edgediag.model.verdict import Place

_ENDS: Final = (Place.LOCAL, Place.REMOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Why packets fell that a counter counts, and at which end the cause may be."""

    words: str
    where: tuple[Place, ...]


UNSEALED: Final[Mapping[str, Meaning]] = {
    "XfrmOutNoStates": Meaning(
        words="a policy wants them sealed and no security association is there", where=ANYWHERE
    ),
    "XfrmAcquireError": Meaning(
        words="the kernel asked for a security association and nobody took the request",
        where=ANYWHERE,
    ),
}
"""What was to go out fell before it was sealed."""
UNOPENED: Final[Mapping[str, Meaning]] = {
    "XfrmInNoStates": Meaning(
        words="their SPI is of no security association here: the other end has an old one",
        where=_ENDS,
    ),
    "XfrmInStateExpired": Meaning(words="their security association has expired", where=_ENDS),
    "XfrmInStateInvalid": Meaning(words="their security association is not valid", where=_ENDS),
    "XfrmInStateMismatch": Meaning(
        words="they are wrapped otherwise than their security association says", where=_ENDS
    ),
    "XfrmInStateModeError": Meaning(
        words="their mode is not that of their security association", where=_ENDS
    ),
    "XfrmInStateProtoError": Meaning(
        words="they cannot be opened: another key, or octets that changed on the way",
        where=ANYWHERE,
    ),
    "XfrmInStateSeqError": Meaning(
        words="their numbers lie outside of the replay window", where=ANYWHERE
    ),
}
"""ESP came in and was not opened."""
REFUSED: Final[Mapping[str, Meaning]] = {
    "XfrmInNoPols": Meaning(
        words="no policy lets in what was inside: its addresses are not those agreed on, as after "
        "a translation",
        where=_ENDS,
    ),
    "XfrmInTmplMismatch": Meaning(
        words="a policy wants what was inside to have come by another security association",
        where=_ENDS,
    ),
    "XfrmInPolBlock": Meaning(words="a policy blocks what was inside", where=(Place.LOCAL,)),
}
"""ESP was opened, here or in user space, and what was inside was refused."""


def rises(host: HostState) -> Mapping[str, int]:
    """By how much each counter rose during the run, those alone that did."""
    counts = () if isinstance(host.xfrm_counts, NotChecked) else host.xfrm_counts
    return {
        item.name: item.meanwhile
        for item in counts
        if not isinstance(item.meanwhile, NotChecked) and item.meanwhile > 0
    }
